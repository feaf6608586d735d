//! One attempt to deliver a message, over the network.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, redirect};

use crate::report::{MessageId, WEBHOOK_CONTENT_TYPE};
use crate::server::store::webhook::line::Destination;
use crate::server::webhooks::address::{Resolver, Within, check};
use crate::server::webhooks::schedule::{self, Answer};
use crate::server::webhooks::signature;

/// The whole answer must have come after this long.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Of an answer's body that is no success so much is kept, to be looked at.
const KEPT_BYTES: usize = 1_024;

/// What came of an attempt, and what of it is kept.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) answer: Answer,
    pub(super) fault: Option<String>,
}

impl Attempt {
    fn failed(why: &str) -> Self {
        Self { answer: Answer::None, fault: Some(why.to_owned()) }
    }
}

/// Sends to nobody but whom an address names: no proxy, no redirect, and no machine that is not to be reached.
pub(super) fn client(within: Within) -> reqwest::Result<Client> {
    Client::builder()
        .user_agent(concat!("inview-server/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .timeout(TIMEOUT)
        .dns_resolver(Arc::new(Resolver(within)))
        .build()
}

pub(super) async fn send(
    (client, within): (&Client, Within),
    to: &Destination,
    (message, now): (MessageId, Timestamp),
    body: Vec<u8>,
) -> Attempt {
    // What may be reached may have been set otherwise since the webhook was made.
    let url = match check(&to.url, within) {
        Ok(url) => url,
        Err(why) => return Attempt::failed(why),
    };
    let second = now.as_second();
    let request = client
        .post(url)
        .header(CONTENT_TYPE, WEBHOOK_CONTENT_TYPE)
        .header("webhook-id", message.0.to_string())
        .header("webhook-timestamp", second)
        .header("webhook-signature", signature::sign(&to.secrets, (message, second), &body))
        .body(body);
    match request.send().await {
        Ok(answer) => read(answer, now).await,
        Err(error) => Attempt::failed(why(&error)),
    }
}

async fn read(mut answer: Response, now: Timestamp) -> Attempt {
    let status = answer.status();
    let wait = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = wait.and_then(|text| schedule::retry_after(text, now));
    let mut kept = Vec::new();
    // What is behind is not read; a body that breaks off changes nothing of the status.
    while !status.is_success()
        && kept.len() < KEPT_BYTES
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        let room = KEPT_BYTES - kept.len();
        kept.extend(chunk.iter().take(room));
    }
    let fault = String::from_utf8_lossy(&kept).replace(char::is_control, " ");
    Attempt {
        answer: Answer::Status { status: status.as_u16(), retry_after },
        fault: Some(fault.trim().to_owned()).filter(|fault| !fault.is_empty()),
    }
}

/// In words of ours: what libraries say names addresses.
fn why(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer within ten seconds"
    } else if error.is_connect() {
        "no connection: the name, the port, the certificate, or not to be reached"
    } else {
        "the connection broke off"
    }
}
