//! The pictures, and what is around them.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{picture, request::ImageRequest, usage};
use crate::simulator::{
    body::{Form, RequestBody},
    endpoint::{self, Call},
    failure::InvalidRequest,
    fields::Json,
    reply::{Event, Reply, SimulatedUsage},
    scenario::Scenario,
};

pub(in crate::simulator) fn generations(
    body: Json<'_>,
    call: Call<'_>,
) -> Result<Reply, InvalidRequest> {
    let request = ImageRequest::read(body, call.facts.model)?;
    Ok(reply(&request, call, "image_generation"))
}

pub(in crate::simulator) fn edits(
    body: RequestBody<'_>,
    call: Call<'_>,
) -> Result<Reply, InvalidRequest> {
    let model = call.facts.model;
    match body {
        RequestBody::Form(fields) => {
            let request = ImageRequest::read_form(Form(fields), model)?;
            Ok(reply(&request, call, "image_edit"))
        }
        RequestBody::Json(_) => {
            let body = endpoint::json(body)?;
            let request = ImageRequest::read_edit(&body, model)?;
            Ok(reply(&request, call, "image_edit"))
        }
    }
}

fn reply(request: &ImageRequest<'_>, call: Call<'_>, verb: &'static str) -> Reply {
    let count = match call.scenario {
        Some(Scenario::Empty) => 0,
        _ => request.count,
    };
    let usage = usage::of(request, call.facts, count);
    let pictures = (0..count).map(|index| picture::png(request.prompt, index, request.size));
    let pictures: Vec<_> = pictures.map(|png| BASE64_STANDARD.encode(png)).collect();
    if request.streamed {
        let events = pictures
            .iter()
            .flat_map(|picture| events(request, call, verb, picture, usage));
        return Reply::stream(events.collect(), usage);
    }
    let data: Vec<_> = pictures
        .iter()
        .map(|picture| data(request, picture))
        .collect();
    let mut answer = json!({ "created": call.stamp.created_unix, "data": data });
    if request.priced_by_token {
        for (field, value) in [
            ("background", "opaque".into()),
            ("output_format", "png".into()),
            ("quality", request.quality.into()),
            ("size", picture::true_size(request.size).into()),
            ("usage", usage::to_json(usage)),
        ] {
            answer[field] = value;
        }
    }
    Reply::json(&answer, usage)
}

fn data(request: &ImageRequest<'_>, picture: &str) -> Value {
    if request.as_url {
        json!({ "url": format!("data:image/png;base64,{picture}") })
    } else {
        json!({ "b64_json": picture })
    }
}

/// The picture as often as it is wanted unfinished, which is no different from
/// the finished one.
fn events(
    request: &ImageRequest<'_>,
    call: Call<'_>,
    verb: &'static str,
    picture: &str,
    usage: SimulatedUsage,
) -> Vec<Event> {
    let event = |kind: &'static str| {
        json!({
            "type": kind,
            "b64_json": picture,
            "created_at": call.stamp.created_unix,
            "size": picture::true_size(request.size),
            "quality": request.quality,
            "background": "opaque",
            "output_format": "png",
        })
    };
    let (partial, completed) = match verb {
        "image_edit" => ("image_edit.partial_image", "image_edit.completed"),
        _ => (
            "image_generation.partial_image",
            "image_generation.completed",
        ),
    };
    let mut events = Vec::new();
    for index in 0..request.partial_images {
        let mut data = event(partial);
        data["partial_image_index"] = index.into();
        events.push(Event::named(partial, &data));
    }
    let mut data = event(completed);
    data["usage"] = usage::to_json(usage);
    events.push(Event::named(completed, &data));
    events
}
