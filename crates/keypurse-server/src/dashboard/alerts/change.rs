//! Changes of rules that forms ask for.

use keypurse_core::alert::AlertId;
use keypurse_store::{AlertChange, AlertRule, ChangeError};

use crate::alerts::refuse;
use crate::alerts::wish::{new_rule, over, read};
use crate::dashboard::form::{Sent, Undone};
use crate::dashboard::session::{Admin, Viewer};
use crate::dashboard::trouble::Trouble;
use crate::http::json::JsonObject;
use crate::http::refusal::Refusal;
use crate::state::State;

/// How often a change is made anew because another one was faster.
const TRIES: usize = 8;

/// The rule of this id, if it is this account's.
pub(super) async fn find(state: &State, viewer: &Viewer, id: &str) -> Result<AlertRule, Trouble> {
    let id = AlertId::parse(id).map_err(|_| Trouble::NotFound)?;
    let rule = state.store.alert(viewer.account.id, id).await?;
    rule.ok_or(Trouble::NotFound)
}

/// Makes a rule, unless the same form has made it before.
pub(super) async fn create(state: &State, sent: &Sent, body: &str) -> Result<(), Undone> {
    let object = JsonObject::read(body.as_bytes()).map_err(Refusal::NotAnObject)?;
    let account = sent.admin.viewer.account.id;
    let wish = read(state, account, &object, None).await?;
    let change = AlertChange::Create(new_rule(state, account, wish));
    let once = sent.once(Box::new(|rule: &AlertRule| {
        rule.id.to_string().into_bytes()
    }));
    let actor = sent.admin.viewer.actor();
    let made = state.store.change_alert(change, actor, once).await;
    made.map_err(refuse)?;
    Ok(())
}

pub(super) async fn update(
    state: &State,
    admin: &Admin,
    mut seen: AlertRule,
    body: &str,
) -> Result<(), Undone> {
    let object = JsonObject::read(body.as_bytes()).map_err(Refusal::NotAnObject)?;
    for _ in 0..TRIES {
        let wish = read(state, seen.account, &object, Some(&seen)).await?;
        let rule = over(state, &seen, wish)?;
        let (account, id, now) = (seen.account, seen.id, state.now());
        let change = AlertChange::Update { seen, rule, now };
        match state
            .store
            .change_alert(change, admin.viewer.actor(), None)
            .await
        {
            Ok(_) => return Ok(()),
            Err(ChangeError::Stale) => {
                let found = state.store.alert(account, id).await?;
                seen = found.ok_or(Trouble::NotFound)?;
            }
            Err(error) => return Err(refuse(error).into()),
        }
    }
    Err(Undone::Stale)
}

pub(super) async fn delete(state: &State, admin: &Admin, rule: &AlertRule) -> Result<(), Undone> {
    let change = AlertChange::Delete {
        account: rule.account,
        id: rule.id,
        now: state.now(),
    };
    let actor = admin.viewer.actor();
    let made = state.store.change_alert(change, actor, None).await;
    made.map_err(refuse)?;
    Ok(())
}
