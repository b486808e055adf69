//! Money in the reference: holds, charges, resets.

use keypurse_core::period::ResetPeriod;
use keypurse_core::token::{Overdraft, TokenKind, TokenSettings};

use super::books::{Call, Reference};
use super::operation::{Answer, Charged, NewHold, Number, Payer, Short, Usage};
use super::settings::period_end;

const DAY: i64 = 86_400_000_000;

impl Reference {
    pub(super) fn hold(&mut self, new: NewHold) -> Result<Answer, Answer> {
        let mut policy = Overdraft::Clamp;
        let token = match new.payer {
            Payer::Account(_) => None,
            Payer::Token { token, .. } => Some(token),
        };
        let mut call = Call::new(self.account_of(new.payer), token, new.full);
        if let Payer::Token { token, secret } = new.payer {
            self.admit(token, secret)?;
            self.reset_if_over(token);
            let settings = &self.tokens[&token].settings;
            policy = settings.overdraft;
            call.is_rehearsed = settings.kind == TokenKind::Sandbox;
            call.draws_on_token = pays(settings);
        }
        let mut budget = new.full;
        if let Some(token) = call.token.filter(|_| call.draws_on_token) {
            let purse = self.token_purse(token);
            let first = policy == Overdraft::Allow && !self.goes_beyond(token);
            if !(first && purse.available() > 0) {
                let is_second = policy == Overdraft::Allow && !first;
                let policy = if is_second { Overdraft::Clamp } else { policy };
                let of_token = true;
                let short = |short| Answer::Short(Short { of_token, ..short });
                budget = purse.grant(policy, &new).map_err(short)?;
            }
        }
        if !call.is_rehearsed && self.accounts[&call.account].is_limited {
            let refuses = policy == Overdraft::Refuse;
            let policy = if refuses { policy } else { Overdraft::Clamp };
            let granted = self.account_purse(call.account).grant(policy, &new);
            budget = budget.min(granted.map_err(Answer::Short)?);
        }
        if let Some(token) = call.token.filter(|_| call.draws_on_token) {
            call.beyond_balance = budget > self.token_purse(token).available().max(0);
        }
        let in_full = policy == Overdraft::Refuse || call.beyond_balance;
        call.held = budget.min(if in_full { new.full } else { new.first });
        let amount = call.held;
        self.calls.insert(new.call, call);
        Ok(Answer::Held { amount, budget })
    }

    /// As if its first hold had never been, unless it is refused.
    pub(super) fn hold_anew(&mut self, new: NewHold) -> Answer {
        let is_replaceable = |call: &&Call| call.end.is_none() && call.floor.is_none();
        let Some(first) = self.calls.get(&new.call).filter(is_replaceable).cloned() else {
            return Answer::NotOpen;
        };
        self.calls.remove(&new.call);
        self.hold(new).unwrap_or_else(|refusal| {
            self.calls.insert(new.call, first);
            refusal
        })
    }

    fn goes_beyond(&self, token: Number) -> bool {
        let mut open = self.open_calls();
        open.any(|call| call.token == Some(token) && call.beyond_balance)
    }

    pub(super) fn open(&mut self, number: Number, floor: i64) -> Answer {
        let Some(call) = self.calls.get(&number).filter(|call| call.end.is_none()) else {
            return Answer::NotOpen;
        };
        let mut call = call.clone();
        let mut growth = (floor - call.held).max(0);
        if !call.is_rehearsed && self.accounts[&call.account].is_limited {
            growth = growth.min(self.account_purse(call.account).available().max(0));
        }
        if let Some(token) = call.token.filter(|_| call.draws_on_token) {
            let left = self.token_purse(token).available().max(0);
            let allows = self.tokens[&token].settings.overdraft == Overdraft::Allow;
            if allows && (call.beyond_balance || !self.goes_beyond(token)) {
                call.beyond_balance |= growth > left;
            } else {
                growth = growth.min(left);
            }
        }
        call.held += growth;
        let floor = call.floor.max(Some(floor.min(call.held)));
        call.floor = floor;
        self.calls.insert(number, call);
        Answer::Floor(floor.unwrap_or_default())
    }

    fn admit(&self, token: Number, secret: Number) -> Result<(), Answer> {
        let token = &self.tokens[&token];
        let works = |end: Option<i64>| end.is_none_or(|end| self.now < end);
        if !token
            .secrets
            .iter()
            .any(|(known, end)| *known == secret && works(*end))
        {
            return Err(Answer::Revoked);
        }
        match token.settings.expires_at {
            Some(end) if end.micros() <= self.now => Err(Answer::Expired),
            _ => Ok(()),
        }
    }

    pub(super) fn settle(&mut self, number: Number, usage: Usage, status: u16) -> Answer {
        let Some(call) = self.calls.get(&number).filter(|call| call.end.is_none()) else {
            return Answer::NotOpen;
        };
        let (account, token, held, drew) =
            (call.account, call.token, call.held, call.draws_on_token);
        let (is_rehearsed, floor) = (call.is_rehearsed, call.floor);
        if let Some(token) = token {
            self.reset_if_over(token);
        }
        let cost = match usage {
            Usage::Reported(cost) => cost,
            Usage::Counted(cost) => cost.min(held),
            Usage::Abandoned => floor.unwrap_or_default(),
            Usage::Void => 0,
        };
        let settings = token.map(|token| self.tokens[&token].settings.clone());
        let budget = settings.filter(pays);
        let from_token = drew && budget.is_some();
        // Beyond the hold only what nobody else holds, and never into debt.
        let mut beyond = (cost - held).max(0);
        if !is_rehearsed && self.accounts[&account].is_limited {
            beyond = beyond.min(self.account_purse(account).available().max(0));
        }
        if let Some(token) = token.filter(|_| from_token)
            && budget
                .as_ref()
                .is_some_and(|budget| budget.overdraft != Overdraft::Allow)
        {
            beyond = beyond.min(self.token_purse(token).available().max(0));
        }
        let charged = cost.min(held) + beyond;
        let mut end = Charged {
            cost,
            charged,
            house: cost - charged,
            from_token,
            balance: None,
        };
        self.finish(number, end, status);
        let nobody_delivered = matches!(usage, Usage::Abandoned) && floor.is_none();
        if nobody_delivered || matches!(usage, Usage::Void) {
            self.free_key_of(number);
        }
        end.balance = token
            .filter(|_| budget.is_some())
            .map(|token| self.token_purse(token).balance);
        Answer::Charged(end)
    }

    pub(super) fn finish(&mut self, number: Number, end: Charged, status: u16) {
        let place = self.calls.len() - self.open_calls().count();
        let call = self.calls.get_mut(&number).expect("under way");
        call.end = Some(end);
        call.status = status;
        call.finished_at = self.now;
        call.place = place;
    }

    pub(super) fn reset_if_over(&mut self, number: Number) {
        let (now, balance) = (self.now, self.token_purse(number).balance);
        let token = self.tokens.get_mut(&number).expect("used");
        let Some(reset) = &mut token.settings.reset else {
            return;
        };
        let next_at = reset.next_at.micros();
        if next_at <= now {
            token.credits += reset.amount.nanos() - balance;
        }
        // Too far ahead to be right: the clock was set back meanwhile.
        if next_at <= now || next_at > now + two_periods(reset.period) {
            reset.next_at = period_end(reset.period, now);
        }
    }
}

/// Whether a token's calls are paid from its balance.
fn pays(settings: &TokenSettings) -> bool {
    let rehearses = settings.simulate_budget;
    settings.has_budget && (rehearses || settings.kind == TokenKind::Live)
}

/// No reset is further away.
fn two_periods(period: ResetPeriod) -> i64 {
    DAY * match period {
        ResetPeriod::Daily => 2,
        ResetPeriod::Weekly => 14,
        ResetPeriod::Monthly => 62,
    }
}
