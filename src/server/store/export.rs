//! A session as a whole, so that anybody can check it without this server.

use rusqlite::{Connection, params};

use crate::report::{Chain, Hash, SessionId};
use crate::server::store::read::{chains, wire};
use crate::server::store::reports::signed;
use crate::server::store::{StoreError, Tenant};
use crate::trust::export::{Export, ExportedChain, FORMAT, Link};

/// All events of a session; `None` when the tenant has none of this id. Receipts and the server's key
/// are for those to add who can sign.
pub(in crate::server) fn export(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
) -> Result<Option<(Export, Vec<Chain>)>, StoreError> {
    let heads = chains(database, tenant, session)?;
    if heads.is_empty() {
        return Ok(None);
    }
    let mut exported = Vec::with_capacity(heads.len());
    for Chain { incarnation, .. } in &heads {
        let mut query = database.prepare_cached(
            "SELECT hash, body, sig, rejected FROM report
             WHERE tenant = ?1 AND session = ?2 AND incarnation = ?3 ORDER BY seq",
        )?;
        let key = params![tenant.as_str(), session.0.as_bytes(), incarnation.0.as_bytes()];
        let mut rows = query.query(key)?;
        let mut links = Vec::new();
        while let Some(row) = rows.next()? {
            links.push(match row.get::<_, Option<Vec<u8>>>(1)? {
                Some(body) => {
                    let event = wire(body, row.get(2)?);
                    Link::Event(String::from_utf8_lossy(&event).into_owned())
                }
                None => Link::Missing {
                    hash: Hash::from_bytes(row.get(0)?),
                    reason: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
                },
            });
        }
        exported.push(ExportedChain { incarnation: *incarnation, links, receipt: None });
    }
    let public_key = signed::key_of(database, tenant.as_str(), session)?;
    let export = Export {
        format: FORMAT.to_owned(),
        session,
        public_key,
        server_key: None,
        chains: exported,
    };
    Ok(Some((export, heads)))
}
