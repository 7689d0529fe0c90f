//! A subset of JSON Schema, enough for the dumps of the providers' own request and response types.

use serde_json::Value;

/// Everything that is wrong with `value` under `schema`, one line each. Objects with `properties` may hold nothing else:
/// providers refuse unknown fields, although the dumps do not say so.
pub fn problems(schema: &Value, value: &Value) -> Vec<String> {
    check(schema, schema, value, "$")
}

/// The same for a schema that is part of a larger document; `at` names the value in the messages.
pub fn check(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(reference.trim_start_matches('#')).expect("a definition");
        return check(root, target, value, at);
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(choices) = schema.get(choice).and_then(Value::as_array) {
            let tries: Vec<Vec<String>> = choices.iter().map(|choice| check(root, choice, value, at)).collect();
            if tries.iter().any(Vec::is_empty) {
                return Vec::new();
            }
            let nearest = tries.into_iter().min_by_key(Vec::len).unwrap_or_default();
            return vec![format!("{at}: no alternative fits; nearest: {}", nearest.join("; "))];
        }
    }
    let mut problems = Vec::new();
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        problems.push(format!("{at}: {value} is none of {allowed:?}"));
    }
    if let Some(constant) = schema.get("const")
        && constant != value
    {
        problems.push(format!("{at}: {value} is not {constant}"));
    }
    if let Some(kind) = schema.get("type").and_then(Value::as_str)
        && !is_kind(kind, value)
    {
        problems.push(format!("{at}: {value} is no {kind}"));
    }
    problems.extend(children(root, schema, value, at));
    problems
}

fn is_kind(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    }
}

fn children(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if let (Some(items), Some(list)) = (schema.get("items"), value.as_array()) {
        for (index, item) in list.iter().enumerate() {
            problems.extend(check(root, items, item, &format!("{at}[{index}]")));
        }
    }
    let Some(fields) = value.as_object() else { return problems };
    for required in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        let name = required.as_str().expect("a name");
        if !fields.contains_key(name) {
            problems.push(format!("{at}.{name} is missing"));
        }
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        for (name, field) in fields {
            match properties.get(name) {
                Some(property) => problems.extend(check(root, property, field, &format!("{at}.{name}"))),
                None if schema.get("additionalProperties") == Some(&Value::Bool(true)) => {}
                None => problems.push(format!("{at}.{name} is unknown")),
            }
        }
    }
    problems
}

/// The folder of shared data, where it is present.
pub fn shared(folder: &str) -> Option<std::path::PathBuf> {
    let root = std::env::var_os("GIT_BURN_SHARED")
        .map_or_else(|| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), std::path::PathBuf::from);
    [root.join("data").join(folder), std::path::PathBuf::from("/work/shared/data").join(folder)]
        .into_iter()
        .find(|path| path.is_dir())
}
