//! The document of the calls, in the form of OpenAPI 3.1.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::call_replies::STATUSES;
use super::held_looks::{CALL, WaitRequest};
use crate::board::served::{CallFault, CallRole, LookAnswer, served_calls};

/// Returns the document of the calls.
pub(crate) fn document() -> Value {
    let mut schemas = schemars::generate::SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let mut paths = Map::new();
    for call in served_calls() {
        let request = (call.request_schema)(&mut schemas).to_value();
        let answer = (call.answer_schema)(&mut schemas).to_value();
        let path = path_item(
            call.name,
            call.about,
            role(call.role),
            request,
            answer,
            &mut schemas,
        );
        paths.insert(format!("/api/v1/{}", call.name), path);
    }
    let about = "Looks for work as `look` does, and answers when there is something to do, or \
                 after 20 s.";
    let request = WaitRequest::json_schema(&mut schemas).to_value();
    let answer = schemas.subschema_for::<LookAnswer>().to_value();
    let path = path_item(
        CALL,
        about,
        role(CallRole::Worker),
        request,
        answer,
        &mut schemas,
    );
    paths.insert(format!("/api/v1/{CALL}"), path);
    let definitions = schemas.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "run_functions",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The board of jobs. Times are milliseconds since 1970.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    })
}

fn role(role: CallRole) -> &'static str {
    match role {
        CallRole::View => "view",
        CallRole::Post => "post",
        CallRole::Operate => "operate",
        CallRole::Worker => "worker",
    }
}

fn path_item(
    name: &str,
    about: &str,
    role: &str,
    request: Value,
    answer: Value,
    schemas: &mut SchemaGenerator,
) -> Value {
    let envelope = json!({"board": {"type": "string"}, "now": {"type": "integer"}});
    let fault = schemas.subschema_for::<CallFault>().to_value();
    let mut answered = envelope.clone();
    answered["answer"] = answer;
    let mut refused = envelope;
    refused["error"] = fault;
    refused["answer"] = json!({"type": "null"});
    let mut responses = Map::new();
    responses.insert(
        "200".to_owned(),
        response("The answer.", answered, "answer"),
    );
    for (code, status) in STATUSES {
        let words = format!("`{code}`");
        let known = responses.get_mut(&status.to_string());
        match known.and_then(|known| known.get_mut("description")) {
            Some(Value::String(description)) => {
                description.push_str(", ");
                description.push_str(&words);
            }
            _ => {
                let refused = response(&words, refused.clone(), "error");
                responses.insert(status.to_string(), refused);
            }
        }
    }
    json!({"post": {
        "operationId": name,
        "summary": about,
        "description": format!("It takes the role `{role}`."),
        "requestBody": {
            "required": true,
            "content": {"application/json": {"schema": request}},
        },
        "responses": responses,
    }})
}

fn response(description: &str, properties: Value, required: &str) -> Value {
    json!({
        "description": description,
        "content": {"application/json": {"schema": {
            "type": "object",
            "properties": properties,
            "required": ["board", "now", required],
        }}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_has_a_path_and_each_reference_a_schema() {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        assert_eq!(paths.len(), served_calls().count() + 1);
        let text = document.to_string();
        let names = text.split("#/components/schemas/").skip(1);
        let names = names.map(|rest| rest.split('"').next().unwrap());
        for name in names {
            let schema = &document["components"]["schemas"][name];
            assert!(schema.is_object(), "{name}");
        }
    }
}
