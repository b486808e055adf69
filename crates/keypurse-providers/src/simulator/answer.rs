//! Decides what each choice of an answer says and where it ends.

use serde_json::{Value, json};

use super::{
    calling,
    completion::{Choice, Completion, Finish, Said, Stamp},
    count::beginning,
    dice::Dice,
    prose::{self, Prose},
    request::{ChatRequest, Format, Tool},
    scenario::Scenario,
    schema,
};

/// Answers `request` in the name of `model`.
///
/// Of the scenarios only [`Scenario::Refusal`], [`Scenario::Length`] and
/// [`Scenario::Empty`] change the answer; the others are the server's to play.
pub fn chat(
    request: &ChatRequest<'_>,
    model: &str,
    stamp: &Stamp,
    scenario: Option<Scenario>,
) -> Completion {
    let answer = Answer {
        plan: Plan::of(request, scenario),
        request,
        seed: request.fingerprint(),
        cut_short: scenario == Some(Scenario::Length),
    };
    let choices = 0..request.options().choices;
    let choices = choices.map(|index| answer.choice(index)).collect();
    Completion::new(
        stamp.clone(),
        model.to_owned(),
        choices,
        request.input_tokens(),
    )
}

struct Answer<'r, 'a> {
    plan: Plan<'r, 'a>,
    request: &'r ChatRequest<'a>,
    seed: u64,
    cut_short: bool,
}

/// What all choices have in common. Made once: a long prompt is read once, not
/// for each of 128 choices.
enum Plan<'r, 'a> {
    Refuse,
    SayNothing,
    Call(&'r Tool<'a>),
    Talk(Prose),
    WriteObject { echo: String },
    WriteInstance(&'a Value),
}

impl<'r, 'a> Plan<'r, 'a> {
    fn of(request: &'r ChatRequest<'a>, scenario: Option<Scenario>) -> Self {
        match scenario {
            Some(Scenario::Refusal) => return Self::Refuse,
            Some(Scenario::Empty) => return Self::SayNothing,
            _ => {}
        }
        if let Some(tool) = calling::wanted(request) {
            return Self::Call(tool);
        }
        match request.options().format {
            Format::Text => Self::Talk(Prose::about(request.last_message())),
            Format::JsonObject => {
                let echoed = request
                    .last_user_message()
                    .unwrap_or(request.last_message());
                Self::WriteObject {
                    echo: prose::echo(echoed),
                }
            }
            Format::JsonSchema(schema) => Self::WriteInstance(schema),
        }
    }
}

impl Answer<'_, '_> {
    fn choice(&self, index: u64) -> Choice {
        let mut said = self.say(index);
        let (length, finish) = self.cut(&mut said);
        let top_logprobs = self.request.options().top_logprobs;
        Choice {
            index,
            said,
            finish,
            length,
            top_logprobs,
        }
    }

    fn say(&self, index: u64) -> Said {
        let dice = Dice::new(self.seed, index);
        let choices = self.request.options().choices;
        match &self.plan {
            Plan::Refuse => Said::Refusal(prose::REFUSAL.to_owned()),
            Plan::SayNothing => Said::Text(String::new()),
            Plan::Call(tool) => Said::Call(calling::call(tool, dice, self.steps())),
            Plan::Talk(prose) => Said::Text(prose.text(index, choices, dice)),
            Plan::WriteObject { echo } => {
                let mut object = json!({ "simulated": true, "echo": echo });
                if choices > 1 {
                    object["choice"] = (index + 1).into();
                }
                Said::Text(object.to_string())
            }
            Plan::WriteInstance(schema) => {
                Said::Text(schema::instance(schema, dice, self.steps()).to_string())
            }
        }
    }

    /// Cuts at the first stop sequence, then at the output limit, and tells
    /// the length of what is left.
    fn cut(&self, said: &mut Said) -> (u64, Finish) {
        let options = self.request.options();
        let natural = said.finish();
        let stops = if matches!(said, Said::Call(_)) {
            &[][..]
        } else {
            &options.stops
        };
        let text = said.text_mut();
        text.truncate(first_stop(text, stops));

        let mut limit = options.output_limit.unwrap_or(u64::MAX);
        let forced = self.cut_short;
        if forced {
            limit = limit.min(beginning(text, u64::MAX).1.div_ceil(2));
        }
        let (kept, length) = beginning(text, limit);
        let kept = kept.len();
        let finish = if forced || kept < text.len() {
            Finish::Length
        } else {
            natural
        };
        text.truncate(kept);
        (length, finish)
    }

    /// What one choice may spend on an instance, so that many choices together
    /// stay within bounds too.
    fn steps(&self) -> u32 {
        let choices = u32::try_from(self.request.options().choices).unwrap_or(u32::MAX);
        (schema::MOST_STEPS / choices).max(schema::LEAST_STEPS)
    }
}

fn first_stop(text: &str, stops: &[&str]) -> usize {
    // A search prepares for its needle, so one that cannot be found is not
    // looked for: it may be megabytes long.
    let findable = |stop: &&&str| !stop.is_empty() && stop.len() <= text.len();
    let places = stops
        .iter()
        .filter(findable)
        .filter_map(|stop| text.find(*stop));
    places.min().unwrap_or(text.len())
}
