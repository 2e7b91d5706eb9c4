//! The smallest JSON that a schema allows: the answer to a request for structured output.
//!
//! It knows what requests use in earnest: types, properties, items, enumerations, alternatives and references into the
//! schema. Patterns and bounds are left out.

use serde_json::{Map, Value, json};

/// Deeper than that a schema refers to itself.
const DEEPEST: usize = 16;

/// An example of a schema.
pub(crate) fn example(schema: &Value) -> Value {
    of(schema, schema, DEEPEST)
}

fn of(schema: &Value, root: &Value, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    if let Some(fixed) = fixed(schema) {
        return fixed.clone();
    }
    let referred = schema.get("$ref").and_then(Value::as_str);
    let referred = referred.and_then(|path| root.pointer(path.strip_prefix('#')?));
    let alternatives = ["anyOf", "oneOf", "allOf"].into_iter();
    let mut alternatives = alternatives.filter_map(|name| schema.get(name)?.get(0));
    if let Some(other) = referred.or_else(|| alternatives.next()) {
        return of(other, root, depth - 1);
    }
    match kind(schema) {
        "object" => object(schema, root, depth),
        "array" => {
            let items = schema.get("items");
            let items = items.map(|items| of(items, root, depth - 1));
            Value::Array(items.into_iter().collect())
        }
        "string" => json!("text"),
        "integer" => json!(1),
        "number" => json!(1.5),
        "boolean" => json!(true),
        _ => Value::Null,
    }
}

/// The one value of a schema that leaves no choice, or the first of those it lists.
fn fixed(schema: &Value) -> Option<&Value> {
    let listed = schema.get("enum").and_then(|values| values.get(0));
    schema.get("const").or(listed)
}

fn kind(schema: &Value) -> &str {
    let kind = schema.get("type");
    let first = kind.and_then(|kind| kind.get(0)).or(kind);
    let implied = schema.get("properties").map(|_| "object");
    first
        .and_then(Value::as_str)
        .or(implied)
        .unwrap_or_default()
}

fn object(schema: &Value, root: &Value, depth: usize) -> Value {
    let properties = schema.get("properties").and_then(Value::as_object);
    let examples = properties.into_iter().flatten();
    let examples = examples.map(|(name, schema)| (name.clone(), of(schema, root, depth - 1)));
    Value::Object(examples.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_has_the_types_its_schema_asks_for() {
        let schema = json!({"type": "object", "required": ["a"], "properties": {
            "a": {"type": "string"}, "b": {"type": ["integer", "null"]}, "c": {"enum": ["x", "y"]},
            "d": {"type": "array", "items": {"$ref": "#/$defs/point"}},
            "e": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}, "f": {"const": 7},
        }, "$defs": {"point": {"properties": {"x": {"type": "number"}}}}});
        let want = json!({"a": "text", "b": 1, "c": "x", "d": [{"x": 1.5}], "e": true, "f": 7});
        assert_eq!(example(&schema), want);
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({"type": "array", "items": {"$ref": "#"}});
        assert!(example(&schema).to_string().starts_with("[[[["));
    }
}
