//! What the operations of the API answer when they refuse: each is told once, and named where it belongs.

use std::collections::BTreeMap;

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Required};
use utoipa::{IntoParams, IntoResponses};

use crate::report::problem::CONTENT_TYPE_OF_PROBLEMS;

type Answers = BTreeMap<String, RefOr<Response>>;

/// An answer of problem details.
pub(super) fn refusal(why: &str) -> RefOr<Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let answer = ResponseBuilder::new().description(why);
    answer.content(CONTENT_TYPE_OF_PROBLEMS, content).build().into()
}

macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident { $($status:literal: $why:literal),+ $(,)? })*) => {$(
        $(#[$doc])*
        pub(in crate::server) struct $name;

        impl IntoResponses for $name {
            fn responses() -> Answers {
                Answers::from([$(($status.to_owned(), refusal($why))),+])
            }
        }
    )*};
}

answers! {
    /// Of what needs a credential.
    Guarded {
        "401": "`unauthorized`: no token and no cookie, or one that is unknown or expired.",
        "403": "`scope`: the credential is good, but not for this. `foreign-origin`: another site's page sent it.",
    }
    /// Of what is named in the address.
    Sought {
        "404": "`not-found`: there is no such thing, or it is beyond the reach of who asks.",
    }
    /// Of addresses with parameters.
    Asked {
        "400": "`parameter`: a parameter of the address cannot be used.",
    }
    /// Of what takes a body.
    Sent {
        "400": "`malformed`: the body cannot be used. `parameter`: a parameter or the `Idempotency-Key` cannot.",
        "408": "`timeout`: the body did not arrive in time.",
        "413": "`too-large`: the body is longer than what is taken here.",
        "415": "`content-type`: the body is of another media type, or compressed.",
    }
    /// Of what takes an `Idempotency-Key`.
    Keyed {
        "422": "`key-reused`: something else was asked for under this `Idempotency-Key`.",
    }
    /// Of what agents send.
    Erased {
        "410": "`erased`: nothing of the session is kept any more.",
    }
    /// Of what one session may do only so often.
    Paced {
        "429": "`rate-limit`: too many requests; `Retry-After` has the seconds to wait.",
    }
}

/// The header of what may be sent twice.
impl IntoParams for Keyed {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let key = ObjectBuilder::new().schema_type(Type::String);
        let key = key.min_length(Some(1)).max_length(Some(128)).pattern(Some("^[!-~]+$"));
        let header =
            ParameterBuilder::new().name("Idempotency-Key").parameter_in(ParameterIn::Header);
        let header = header.required(Required::False).schema(Some(key)).description(Some(
            "The same request of the same credential under the same key is done once, and answered the \
             same again for 24 hours.",
        ));
        vec![header.build()]
    }
}
