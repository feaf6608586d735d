//! The description of the API against what the server does, and against what such a document may be.
use std::collections::BTreeSet;
use std::path::Path;

use inview::server::api;
use serde_json::Value;

use super::*;

pub(super) fn document() -> Value {
    serde_json::from_str(api::text().unwrap()).unwrap()
}

/// Each operation: its method, its address, and what is said of it.
pub(super) fn operations() -> Vec<(String, String, Value)> {
    let document = document();
    let mut found = Vec::new();
    for (address, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if !["parameters", "summary", "description"].contains(&&**method) {
                found.push((method.to_uppercase(), address.clone(), operation.clone()));
            }
        }
    }
    found
}

#[test]
fn the_description_in_the_folder_of_documents_is_the_one_that_is_served() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    let server = Server::start();
    let served = server.ask(get("/v1/openapi.json"));
    assert_eq!(served.status, 200);
    assert_eq!(served.headers[CONTENT_TYPE], "application/json");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        #[expect(
            clippy::disallowed_methods,
            reason = "a golden file is looked at before a commit"
        )]
        std::fs::write(&kept, &served.body).unwrap();
    }
    let kept = std::fs::read(kept).unwrap_or_default();
    assert!(kept == served.body, "docs/openapi.json differs; UPDATE_GOLDENS=1 renews it");
}

#[test]
fn the_description_is_a_document_of_openapi_3_1() {
    // The OpenAPI initiative's own (Apache-2.0).
    let schema = include_str!("../golden/server/openapi-3.1.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    let faults: Vec<String> = validator
        .iter_errors(&document)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        jsonschema::meta::validate(schema).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_operation_has_a_name_and_words_of_its_own() {
    fn references(value: &Value, into: &mut BTreeSet<String>) {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            into.insert(reference.to_owned());
        }
        match value {
            Value::Object(fields) => fields.values().for_each(|value| references(value, into)),
            Value::Array(values) => values.iter().for_each(|value| references(value, into)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 30);
    for reference in found {
        let place = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(place).is_some(), "{reference}");
    }
    let mut names = BTreeSet::new();
    for (method, address, operation) in operations() {
        let name = operation["operationId"].as_str().unwrap().to_owned();
        assert!(names.insert(name), "{method} {address}: its name is another's");
        let said = |what: &str| operation[what].as_str().is_some_and(|text| !text.is_empty());
        assert!(said("summary") || said("description"), "{method} {address} says nothing");
        let answers = operation["responses"].as_object().unwrap();
        for (status, answer) in answers.iter().filter(|(status, _)| *status >= &"400".to_owned()) {
            let schema = &answer["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/Problem", "{method} {address} {status}");
        }
    }
}
