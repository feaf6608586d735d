//! Who there is, and what each address is for.

/// Who asks. `Limited` ones have to do with one exam of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Stranger,
    /// Tokens in the server's folder.
    AgentToken,
    ProctorToken,
    ManagerToken,
    /// The token of an agent that has enrolled, for the session of its own exam.
    EnrolledAgent,
    /// Tokens that an administrator made.
    ReadOfExam,
    AuditToken,
    ManageOfExam,
    AdminToken,
    /// Cookies of accounts.
    Admin,
    Proctor,
    Auditor,
    /// Cookies without an account: by a proctor's token, and by the link of the start.
    TokenPage,
    Starter,
    /// An administrator of another tenant.
    OtherTenant,
}

pub(super) use Who::{
    Admin, AdminToken, AgentToken, AuditToken, Auditor, EnrolledAgent, ManageOfExam, ManagerToken,
    OtherTenant, Proctor, ProctorToken, ReadOfExam, Starter, Stranger, TokenPage,
};

pub(super) const ALL: [Who; 15] = [
    Stranger,
    AgentToken,
    ProctorToken,
    ManagerToken,
    EnrolledAgent,
    ReadOfExam,
    AuditToken,
    ManageOfExam,
    AdminToken,
    Admin,
    Proctor,
    Auditor,
    TokenPage,
    Starter,
    OtherTenant,
];

impl Who {
    pub(super) fn is_page(self) -> bool {
        matches!(self, Admin | Proctor | Auditor | TokenPage | Starter)
    }

    pub(super) fn reports(self) -> bool {
        matches!(self, AgentToken | EnrolledAgent)
    }

    pub(super) fn administers(self) -> bool {
        matches!(self, Admin | AdminToken | Starter | OtherTenant)
    }

    pub(super) fn watches(self) -> bool {
        let others =
            matches!(self, ProctorToken | ReadOfExam | AuditToken | Proctor | Auditor | TokenPage);
        others || self.administers()
    }

    pub(super) fn acts(self) -> bool {
        self.watches() && !matches!(self, AuditToken | Auditor)
    }

    pub(super) fn audits(self) -> bool {
        matches!(self, AuditToken | Auditor) || self.administers()
    }

    pub(super) fn manages(self) -> bool {
        matches!(self, ManagerToken | ManageOfExam) || self.administers()
    }

    /// Has to do with one exam alone.
    pub(super) fn is_limited(self) -> bool {
        matches!(self, ReadOfExam | ManageOfExam | Proctor | EnrolledAgent)
    }
}

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    Everyone,
    Agents,
    Watching,
    Acting,
    /// Whoever watches or manages.
    Planning,
    Managing,
    Administering,
    /// The record of who did what.
    Auditing,
    /// Making what belongs to no exam.
    ManagingAll,
    /// Sessions by the form on the list.
    IssuingPage,
    /// Pages for browsers alone.
    Browsers,
    AuditBrowsers,
    AdminBrowsers,
    OwnAccount,
    FirstStart,
}

pub(super) use For::{
    Acting, AdminBrowsers, Administering, Agents, AuditBrowsers, Auditing, Browsers, Everyone,
    FirstStart, IssuingPage, Managing, ManagingAll, OwnAccount, Planning, Watching,
};

/// What belongs to whom stands in an address as `{…}`.
const SESSION: &str = "/v1/sessions/{session}";
const HOOK: &str = "/v1/webhooks/{webhook}";

/// Each address with its method, what it is for, and what is sent there. What ends something comes last.
pub(super) const TABLE: &[(&str, &str, For, &str)] = &[
    ("GET", "/healthz", Everyone, ""),
    ("GET", "/readyz", Everyone, ""),
    ("GET", "/v1/openapi.json", Everyone, ""),
    ("GET", "/v1/server-key", Everyone, ""),
    ("GET", "/v1/sessions", Watching, ""),
    ("POST", "/v1/sessions", Managing, r#"{"label": "x", "exam": "{exam}"}"#),
    ("POST", "/v1/enrolments", Everyone, "{enrolment}"),
    ("GET", "/v1/exams", Planning, ""),
    ("POST", "/v1/exams", ManagingAll, r#"{"name": "new"}"#),
    ("GET", "/v1/exams/{exam}", Planning, ""),
    ("POST", "/v1/exams/{exam}/roster", Managing, "name\nAnn\n"),
    ("PUT", "/v1/exams/{exam}/policy", Managing, r#"{"policy": null}"#),
    ("PUT", "/v1/exams/{exam}/language", Managing, r#"{"language": "de"}"#),
    ("GET", SESSION, Watching, ""),
    ("GET", "/v1/sessions/{session}/intervals", Watching, ""),
    (
        "POST",
        "/v1/sessions/{session}/intervals/{interval}/review",
        Acting,
        r#"{"verdict": "fine"}"#,
    ),
    ("GET", "/v1/stream", Watching, ""),
    ("GET", "/v1/sessions/{session}/events", Watching, ""),
    ("POST", "/v1/sessions/{session}/events", Agents, "{events}"),
    ("GET", "/v1/sessions/{session}/export", Watching, ""),
    ("GET", "/v1/sessions/{session}/intervals.csv", Watching, ""),
    ("POST", "/v1/sessions/{session}/heartbeats", Agents, "{heartbeat}"),
    ("GET", "/v1/sessions/{session}/commands", Watching, ""),
    ("POST", "/v1/sessions/{session}/commands", Acting, r#"{"kind": "message", "text": "x"}"#),
    ("POST", "/v1/sessions/{session}/commands", Acting, r#"{"kind": "check_camera"}"#),
    ("POST", "/v1/sessions/{session}/commands", Acting, r#"{"kind": "extend", "minutes": 15}"#),
    ("POST", "/v1/sessions/{session}/commands", Acting, r#"{"kind": "end", "reason": "x"}"#),
    ("GET", "/v1/tokens", Administering, ""),
    ("POST", "/v1/tokens", Administering, r#"{"name": "x", "scope": "read"}"#),
    ("GET", "/v1/accounts", Administering, ""),
    ("POST", "/v1/accounts", Administering, r#"{"name": "made", "role": "auditor"}"#),
    ("GET", "/v1/accounts/{account}", Administering, ""),
    ("PATCH", "/v1/accounts/{account}", Administering, r#"{"role": "proctor"}"#),
    ("PUT", "/v1/accounts/{account}/exams", Administering, r#"{"exams": ["{exam}"]}"#),
    ("POST", "/v1/accounts/{account}/link", Administering, "{}"),
    ("GET", "/v1/audit", Auditing, ""),
    ("GET", "/v1/audit/state", Auditing, ""),
    ("GET", "/audit", AuditBrowsers, ""),
    ("GET", "/", Watching, ""),
    ("POST", "/sessions", IssuingPage, "label=x"),
    ("GET", "/sessions/{session}", Watching, ""),
    ("GET", "/sessions/{session}/report", Watching, ""),
    ("POST", "/sessions/{session}/commands", Acting, "kind=message&text=x&key=k"),
    ("POST", "/sessions/{session}/commands", Acting, "kind=check_camera&key=c"),
    ("POST", "/sessions/{session}/commands", Acting, "kind=extend&minutes=15&key=x"),
    ("POST", "/sessions/{session}/commands", Acting, "kind=end&text=x&sure=yes&key=e"),
    ("POST", "/sessions/{session}/intervals/{interval}/review", Acting, "verdict=unsure&note=x"),
    ("GET", "/review", Watching, ""),
    ("GET", "/exams", Browsers, ""),
    ("POST", "/exams", AdminBrowsers, "{exam-form}"),
    ("GET", "/exams/{exam}", Browsers, ""),
    ("POST", "/exams/{exam}/roster", AdminBrowsers, "{roster-form}"),
    ("POST", "/exams/{exam}/policy", AdminBrowsers, "key=k&warn_after=3"),
    ("POST", "/exams/{exam}/language", AdminBrowsers, "language=de"),
    ("GET", "/join/{code}", Everyone, ""),
    ("GET", "/login", Everyone, ""),
    ("POST", "/login", Everyone, "token={proctor-token}"),
    ("GET", "/sign-in/{code}", Everyone, ""),
    ("GET", "/oidc/start", Everyone, ""),
    ("GET", "/oidc/callback", Everyone, ""),
    ("GET", "/first-admin", FirstStart, ""),
    ("POST", "/first-admin", FirstStart, "name=x&password=y&again=y"),
    ("GET", "/password/{code}", Everyone, ""),
    ("POST", "/password/{code}", Everyone, "password=x&again=x"),
    ("GET", "/accounts", AdminBrowsers, ""),
    ("POST", "/accounts", AdminBrowsers, "name=new&role=auditor"),
    ("GET", "/accounts/{account}", AdminBrowsers, ""),
    ("POST", "/accounts/{account}/exams", AdminBrowsers, "shown={exam}"),
    ("POST", "/accounts/{account}/link", AdminBrowsers, ""),
    ("POST", "/accounts/{account}/role", AdminBrowsers, "role=auditor"),
    ("POST", "/accounts/{account}/disable", AdminBrowsers, "disabled=true"),
    ("GET", "/tokens", AdminBrowsers, ""),
    ("POST", "/tokens", AdminBrowsers, "name=x&scope=read&exam=&days=9"),
    ("GET", "/v1/webhooks", Administering, ""),
    ("POST", "/v1/webhooks", Administering, r#"{"name": "x", "url": "https://hooks.example/"}"#),
    ("GET", HOOK, Administering, ""),
    ("POST", "/v1/webhooks/{webhook}/enable", Administering, ""),
    ("POST", "/v1/webhooks/{webhook}/test", Administering, ""),
    ("POST", "/v1/webhooks/{webhook}/rotate", Administering, ""),
    ("GET", "/v1/webhooks/{webhook}/deliveries", Administering, ""),
    ("POST", "/v1/webhooks/{webhook}/disable", Administering, ""),
    ("POST", "/v1/webhooks/{webhook}/deliveries/{message}/resend", Administering, ""),
    ("GET", "/webhooks", AdminBrowsers, ""),
    ("POST", "/webhooks", AdminBrowsers, "name=x&url=https://hooks.example/&exam="),
    ("POST", "/webhooks/{webhook}", AdminBrowsers, "do=enable"),
    ("DELETE", HOOK, Administering, ""),
    ("GET", "/assets/style.css", Everyone, ""),
    ("GET", "/assets/roster.css", Everyone, ""),
    ("GET", "/assets/roster.js", Everyone, ""),
    ("GET", "/assets/review.js", Everyone, ""),
    ("GET", "/assets/session.js", Everyone, ""),
    ("GET", "/assets/timeline.js", Everyone, ""),
    ("GET", "/assets/report.css", Everyone, ""),
    ("GET", "/assets/report.js", Everyone, ""),
    ("GET", "/account", OwnAccount, ""),
    ("POST", "/account/totp", OwnAccount, "current={password}"),
    ("POST", "/tokens/{token}/revoke", AdminBrowsers, ""),
    ("DELETE", "/v1/tokens/{token}", Administering, ""),
    ("POST", "/sessions/{session}/erase", AdminBrowsers, "sure=yes"),
    ("DELETE", SESSION, Administering, ""),
    ("POST", "/v1/exams/{exam}/close", Managing, ""),
    ("POST", "/exams/{exam}/close", AdminBrowsers, ""),
    (
        "POST",
        "/account/password",
        OwnAccount,
        "current={password}&password={password}&again={password}",
    ),
    ("POST", "/logout", Everyone, ""),
    ("POST", "/language", Everyone, "lang=de"),
];
