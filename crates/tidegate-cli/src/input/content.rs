//! What is asked besides the prompt: pictures, tools, schemas, parameters.

use std::fs;
use std::io::Read;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tidegate::{Image, ImageSource, Message, OutputFormat, Part, Request, Role, Tool};

use crate::args::Content;

/// The largest file read, in bytes: above what any provider takes.
const MAX_FILE: u64 = 64 * 1_024 * 1_024;

/// The first bytes of the kinds of pictures that all providers take.
const PICTURES: [(&[u8], &str); 5] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"RIFF", "image/webp"),
];

/// A whole request in its shortest form.
const REQUEST: &str = "a request such as {\"messages\": [{\"role\": \"user\", \"parts\": [{\"type\": \"text\", \"text\": \"...\"}]}]}";

/// The request that the flags and the prompt make. Errors say which file, and what it should hold.
pub(crate) fn request(
    content: &Content,
    prompt: Option<String>,
    system: Option<String>,
) -> Result<Request, String> {
    let mut request: Request = match &content.request {
        Some(path) => json(path, "--request", REQUEST)?,
        None => Request::default(),
    };
    request.system = system.or(request.system);
    request.max_tokens = content.max_tokens.or(request.max_tokens);
    request.temperature = content.temperature.or(request.temperature);
    request.stop.extend(content.stop.iter().cloned());
    if let Some(path) = &content.tools {
        request.tools.extend(tools(path)?);
    }
    if let Some(path) = &content.schema {
        request.output = Some(OutputFormat::Schema {
            name: name_of(path),
            schema: json(path, "--schema", "a JSON Schema")?,
            strict: None,
        });
    }
    for param in &content.param {
        let (name, value) = parameter(param)?;
        request.extra.insert(name, value);
    }
    let images: Result<Vec<_>, _> = content.image.iter().map(|image| picture(image)).collect();
    let parts: Vec<_> = (images?.into_iter())
        .chain(prompt.map(Part::text))
        .collect();
    if !parts.is_empty() {
        request.messages.push(Message::of(Role::User, parts));
    }
    if request.messages.is_empty() {
        return Err(format!(
            "there is nothing to ask: give a prompt, or {REQUEST}"
        ));
    }
    Ok(request)
}

fn json<T: serde::de::DeserializeOwned>(path: &Path, flag: &str, what: &str) -> Result<T, String> {
    let bytes = read(path, flag)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| format!("{flag} {}: it should hold {what}: {error}", path.display()))
}

fn read(path: &Path, flag: &str) -> Result<Vec<u8>, String> {
    let cannot = |error| format!("{flag} {} cannot be read: {error}", path.display());
    let mut bytes = Vec::new();
    let length = if path.as_os_str() == "-" {
        (std::io::stdin().lock().take(MAX_FILE + 1)).read_to_end(&mut bytes)
    } else {
        let file = fs::File::open(path).map_err(cannot)?;
        file.take(MAX_FILE + 1).read_to_end(&mut bytes)
    };
    if length.map_err(cannot)? as u64 > MAX_FILE {
        return Err(format!(
            "{flag} {} has more than {MAX_FILE} bytes",
            path.display()
        ));
    }
    Ok(bytes)
}

/// A list of tools. Each may stand in the wrapping that `OpenAI` gives it.
fn tools(path: &Path) -> Result<Vec<Tool>, String> {
    const WHAT: &str = "a list of tools such as [{\"name\": \"...\", \"description\": \"...\", \"parameters\": {...}}]";
    let list: Vec<Value> = json(path, "--tools", WHAT)?;
    let bare = |mut tool: Value| match tool.get_mut("function") {
        Some(function) => function.take(),
        None => tool,
    };
    let read = |tool| {
        serde_json::from_value(bare(tool))
            .map_err(|error| format!("--tools {}: it should hold {WHAT}: {error}", path.display()))
    };
    list.into_iter().map(read).collect()
}

/// What a schema is called: its file's name, in letters providers take.
fn name_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let name: String = stem
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .take(64)
        .collect();
    if name.is_empty() {
        "answer".to_owned()
    } else {
        name
    }
}

fn parameter(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| format!("--param {text}: say NAME=VALUE, such as top_p=0.9"))?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((name.to_owned(), value))
}

fn picture(image: &str) -> Result<Part, String> {
    if image.starts_with("https://") || image.starts_with("http://") {
        return Ok(shown(ImageSource::Url(image.to_owned())));
    }
    let bytes = read(Path::new(image), "--image")?;
    let kind = PICTURES.iter().find(|(magic, _)| bytes.starts_with(magic));
    // RIFF frames sounds too.
    let other_riff = bytes.starts_with(b"RIFF") && bytes.get(8..12) != Some(b"WEBP");
    match kind {
        Some((_, media_type)) if !other_riff => Ok(shown(ImageSource::Data {
            media_type: (*media_type).to_owned(),
            base64: STANDARD.encode(&bytes),
        })),
        _ => Err(format!(
            "--image {image} is no PNG, JPEG, GIF or WebP picture"
        )),
    }
}

const fn shown(source: ImageSource) -> Part {
    Part::Image(Image {
        source,
        detail: None,
    })
}
