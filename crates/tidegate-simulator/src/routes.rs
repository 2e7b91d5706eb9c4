//! The URLs of a simulator: the provider's own, and those of the test that drives it.
//!
//! `/stats` and `/script` need no key: they belong to whoever started the simulator, and it listens on loopback only.

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use crate::openai::refusal::{self, Refusal};
use crate::script::Answer;
use crate::simulator::Simulator;
use crate::stats::Stats;

impl Simulator {
    /// The simulator as a service, to be called in process or served by other means. A broken connection needs
    /// [`Simulator::serve`]; here it is answered with a 500 that says so.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/v1/chat/completions", post(chat))
            .route("/v1/models", get(models))
            .route("/stats", get(stats))
            .route("/stats/reset", post(reset_stats))
            .route("/script", post(extend_script))
            .fallback(no_such_url)
            .method_not_allowed_fallback(wrong_method)
            .with_state(self.clone())
    }
}

async fn chat(State(simulator): State<Simulator>, request: Request) -> Response {
    simulator.chat(request).await
}

async fn models(State(simulator): State<Simulator>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match simulator.models(&parts) {
        Ok(models) => ([(CONTENT_TYPE, "application/json")], models).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn stats(State(simulator): State<Simulator>) -> Json<Stats> {
    Json(simulator.stats())
}

async fn reset_stats(State(simulator): State<Simulator>) -> StatusCode {
    simulator.reset_stats();
    StatusCode::NO_CONTENT
}

async fn extend_script(State(simulator): State<Simulator>, body: Bytes) -> Response {
    match serde_json::from_slice::<Vec<Answer>>(&body) {
        Ok(answers) => Json(json!({"remaining": simulator.extend_script(answers)})).into_response(),
        Err(error) => {
            let error = json!({"error": {"message": format!("no JSON array of answers: {error}")}});
            (StatusCode::BAD_REQUEST, Json(error)).into_response()
        }
    }
}

async fn no_such_url(method: Method, uri: Uri) -> Response {
    refusal::no_such_url(method.as_str(), uri.path()).into_response()
}

async fn wrong_method(method: Method, uri: Uri) -> Response {
    refusal::wrong_method(method.as_str(), uri.path()).into_response()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(CONTENT_TYPE, self.content_type)], self.body).into_response()
    }
}
