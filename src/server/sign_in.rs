//! `/login`, `/sign-in/{code}`, `/logout`: from a token or a link to a cookie.

use axum::Form;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Path, State as Of};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use super::State;
use super::auth::{self, Proctor};
use super::error::Refusal;
use super::pages::{self, PageError};

#[derive(Deserialize)]
pub(super) struct TokenForm {
    token: String,
}

pub(super) async fn form() -> Result<Response, PageError> {
    pages::login(StatusCode::OK, None)
}

pub(super) async fn by_token(
    Of(state): Of<State>,
    form: Result<Form<TokenForm>, FormRejection>,
) -> Result<Response, PageError> {
    let signed_in = match form {
        Ok(Form(TokenForm { token })) => auth::sign_in_with_token(&state, token.trim()).await?,
        Err(_) => None,
    };
    match signed_in {
        Some(cookie) => Ok(to_the_list(cookie)),
        None => pages::login(
            StatusCode::UNAUTHORIZED,
            Some("This token is not accepted: it is unknown, expired, or no proctor's token."),
        ),
    }
}

pub(super) async fn by_code(
    Of(state): Of<State>,
    code: Result<Path<String>, PathRejection>,
    proctor: Result<Proctor, Refusal>,
) -> Result<Response, PageError> {
    let Path(code) = code.map_err(|_no_text| Refusal::not_found())?;
    match auth::sign_in_with_code(&state, &code).await? {
        Some(cookie) => Ok(to_the_list(cookie)),
        // The same link again, in the browser that it has signed in.
        None if proctor.is_ok() => Ok(Redirect::to("/").into_response()),
        None => pages::login(
            StatusCode::UNAUTHORIZED,
            Some("This link is used up or too old. Start the server again for a new one."),
        ),
    }
}

pub(super) async fn out(Of(state): Of<State>, headers: HeaderMap) -> Result<Response, PageError> {
    let cookie = auth::sign_out(&state, &headers).await?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/login")).into_response())
}

fn to_the_list(cookie: HeaderValue) -> Response {
    ([(SET_COOKIE, cookie)], Redirect::to("/")).into_response()
}
