//! Changes of rules that forms ask for.

use keypurse_core::alert::AlertId;
use keypurse_store::{Actor, AlertChange, AlertRule, ChangeError, Made};

use crate::alerts::refuse;
use crate::alerts::wish::{new_rule, over, read};
use crate::dashboard::session::{Admin, Viewer};
use crate::dashboard::trouble::Trouble;
use crate::http::json::JsonObject;
use crate::http::refusal::{FieldFaults, Refusal};
use crate::state::State;

/// How often a change is made anew because another one was faster.
const TRIES: usize = 8;

/// The rule of this id, if it is this account's.
pub(super) async fn find(state: &State, viewer: &Viewer, id: &str) -> Result<AlertRule, Trouble> {
    let id = AlertId::parse(id).map_err(|_| Trouble::NotFound)?;
    let rule = state.store.alert(viewer.account.id, id).await?;
    rule.ok_or(Trouble::NotFound)
}

pub(super) async fn create(state: &State, admin: &Admin, body: &str) -> Result<AlertRule, Refusal> {
    let object = JsonObject::read(body.as_bytes()).map_err(Refusal::NotAnObject)?;
    let account = admin.viewer.account.id;
    let wish = read(state, account, &object, None).await?;
    let change = AlertChange::Create(new_rule(state, account, wish));
    make(state, change, admin.viewer.actor())
        .await
        .map_err(refuse)
}

pub(super) async fn update(
    state: &State,
    admin: &Admin,
    mut seen: AlertRule,
    body: &str,
) -> Result<AlertRule, Refusal> {
    let object = JsonObject::read(body.as_bytes()).map_err(Refusal::NotAnObject)?;
    for _ in 0..TRIES {
        let wish = read(state, seen.account, &object, Some(&seen)).await?;
        let rule = over(state, &seen, wish)?;
        let (account, id, now) = (seen.account, seen.id, state.now());
        match make(
            state,
            AlertChange::Update { seen, rule, now },
            admin.viewer.actor(),
        )
        .await
        {
            Err(ChangeError::Stale) => {
                let found = state.store.alert(account, id).await?;
                seen = found.ok_or(Refusal::NoSuchAlert)?;
            }
            made => return made.map_err(refuse),
        }
    }
    Err(Refusal::Stale)
}

pub(super) async fn delete(state: &State, admin: &Admin, rule: &AlertRule) -> Result<(), Refusal> {
    let change = AlertChange::Delete {
        account: rule.account,
        id: rule.id,
        now: state.now(),
    };
    make(state, change, admin.viewer.actor())
        .await
        .map(drop)
        .map_err(refuse)
}

async fn make(state: &State, change: AlertChange, actor: Actor) -> Result<AlertRule, ChangeError> {
    match state.store.change_alert(change, actor, None).await? {
        Made::Now(rule) => Ok(rule),
        Made::Before(_) => unreachable!("only what is claimed is made before"),
    }
}

/// What is wrong with the fields, unless there is trouble.
pub(super) fn faults(refusal: Refusal) -> Result<FieldFaults, Trouble> {
    match refusal {
        Refusal::Invalid(faults) => Ok(faults),
        Refusal::NoSuchAlert | Refusal::NoSuchToken => Err(Trouble::NotFound),
        Refusal::Unavailable(cause) => Err(cause.into()),
        Refusal::OtherRequest
        | Refusal::Stale
        | Refusal::NoSuchRoute
        | Refusal::MethodNotAllowed
        | Refusal::Unauthenticated { .. }
        | Refusal::TooManyFailures(_)
        | Refusal::Forbidden { .. }
        | Refusal::NotStatedAsJson { .. }
        | Refusal::TooLarge { .. }
        | Refusal::TooSlow
        | Refusal::NotAnObject(_)
        | Refusal::Bug => Err(Trouble::Bug),
    }
}
