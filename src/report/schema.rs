//! How the texts and numbers that have types of their own are told in the description of the API.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use super::enrolment::JoinCode;
use super::hash::Hash;
use crate::time::MediaTime;

fn text(pattern: &str, description: &str) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String);
    text.pattern(Some(pattern)).description(Some(description)).into()
}

impl PartialSchema for Hash {
    fn schema() -> RefOr<Schema> {
        text("^[0-9a-fA-F]{64}$", "A SHA-256: 64 hexadecimal digits, lower-case in answers.")
    }
}

impl ToSchema for Hash {}

impl PartialSchema for JoinCode {
    fn schema() -> RefOr<Schema> {
        // What people type instead is read, too.
        text("^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$", "`7KQ4-M2XP-9TRD`")
    }
}

impl ToSchema for JoinCode {}

impl PartialSchema for MediaTime {
    fn schema() -> RefOr<Schema> {
        let millis = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(0))
            .maximum(Some(366_u64 * 86_400_000));
        millis.description(Some("Milliseconds since the session's start.")).into()
    }
}

impl ToSchema for MediaTime {}
