//! The URLs of a simulator: the providers' own, and those of the test that drives it.
//!
//! `/stats` and `/script` need no key: they belong to whoever started the simulator, and it listens on loopback only.

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use crate::refusal::{JSON, Refusal, Says, Why};
use crate::script::Answer;
use crate::simulator::Simulator;
use crate::stats::Stats;
use crate::wire::Wire;
use crate::wires::{self, WIRES};

impl Simulator {
    /// The simulator as a service, to be called in process or served by other means. A broken connection needs
    /// [`Simulator::serve`]; here it is answered with a 500 that says so.
    pub fn router(&self) -> Router {
        let own = Router::new()
            .route("/v1/models", get(models))
            .route("/stats", get(stats))
            .route("/stats/reset", post(reset_stats))
            .route("/script", post(extend_script));
        let routes = WIRES
            .into_iter()
            .flat_map(|wire| wire.routes().iter().map(move |route| (wire, *route)));
        let all = routes.fold(own, |router, (wire, route)| {
            let answer = move |State(simulator): State<Self>, request: Request| async move {
                simulator.visit(wire, route, request).await
            };
            router.route(route.path, post(answer))
        });
        // The fallbacks hold for the routes that are there when they are set.
        all.fallback(no_such_url)
            .method_not_allowed_fallback(wrong_method)
            .with_state(self.clone())
    }
}

async fn models(State(simulator): State<Simulator>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let wire = wires::of(&parts.headers);
    match simulator.models(wire, &parts) {
        Ok(models) => ([(CONTENT_TYPE, JSON)], models).into_response(),
        Err(refusal) => refuse(wire, refusal),
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

async fn no_such_url(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let wire = wires::of(&headers);
    let why = Why::NoSuchUrl(method.as_str(), uri.path());
    refuse(wire, wire.refusal(why, ""))
}

async fn wrong_method(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let wire = wires::of(&headers);
    let why = Why::WrongMethod(method.as_str(), uri.path());
    refuse(wire, wire.refusal(why, ""))
}

/// A refusal outside of what is counted.
fn refuse(wire: &dyn Wire, refusal: Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (content_type, body) = match refusal.says {
        Says::Text(content_type, body) => (content_type, body),
        Says::Error(error) => (JSON, wire.envelope(&error, "req_uncounted")),
    };
    (status, [(CONTENT_TYPE, content_type)], body).into_response()
}
