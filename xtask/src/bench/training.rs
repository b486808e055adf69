//! What a build that counts is put through, so that the shipped one is quick
//! where it matters.

use anyhow::Result;
use serde_json::json;

use super::load::{Load, Secret};
use super::reports;
use super::stage::{self, Stage};

const SECONDS: u64 = 2;

/// Has keypurse and the floor carry every kind of call, and keypurse answer
/// everybody who asks about them. Both write down what they counted as they
/// end.
pub(crate) fn train() -> Result<()> {
    let stage = Stage::counting()?;
    let (mut floor, floor_port) = stage.floor()?;
    let keypurse = stage.keypurse(&stage.scratch().join("data"), &[])?;
    let sandbox = json!({"name": "sandbox", "token_type": "sandbox_api_token"});
    let sandbox = stage::create_token(&keypurse, &sandbox)?;
    let live = stage::new_token(&keypurse, "bench")?;
    let calls = |port, secret| Load {
        port,
        secret: Secret::One(secret),
        model: "bench/small",
        stream: false,
        connections: 16,
        seconds: SECONDS,
        rate: None,
        padding: 0,
    };
    for calls in [calls(floor_port, "none"), calls(keypurse.port(), &live)] {
        let streams = Load {
            stream: true,
            ..calls
        };
        for load in [
            calls,
            Load {
                connections: 64,
                ..calls
            },
            Load {
                rate: Some(2000),
                connections: 64,
                ..calls
            },
            streams,
            Load {
                model: "bench/paced",
                ..streams
            },
            Load {
                padding: 1_000_000,
                connections: 1,
                ..calls
            },
        ] {
            load.run(&stage.load)?;
        }
    }
    let calls = calls(keypurse.port(), &live);
    let translated = Load {
        model: "translated/small",
        ..calls
    };
    let simulated = Load {
        model: "openai/gpt-4o-mini",
        secret: Secret::One(&sandbox),
        ..calls
    };
    for load in [translated, simulated] {
        load.run(&stage.load)?;
        Load {
            stream: true,
            ..load
        }
        .run(&stage.load)?;
    }
    reports::ask_for_all(&keypurse, "bench")?;
    floor.stop()?;
    keypurse.stop()
}
