//! Tables: what a spreadsheet reads.

use ::csv::Writer;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use keypurse_store::pause_if_due;

/// A table that nobody on the way may keep: it is about money.
pub fn answer(table: Vec<u8>) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
    ];
    (StatusCode::OK, headers, table).into_response()
}

/// Rows under their columns, as RFC 4180 has them. Every row is as long as
/// `columns`. Long ones are made aside.
pub fn table<C, R>(columns: C, rows: R) -> Vec<u8>
where
    C: IntoIterator<Item: AsRef<[u8]>>,
    R: IntoIterator<Item = Vec<String>>,
{
    let mut table = Writer::from_writer(Vec::new());
    let written = table.write_record(columns).and_then(|()| {
        rows.into_iter().try_for_each(|row| {
            pause_if_due();
            table.write_record(row)
        })
    });
    written.expect("rows of one length go into memory");
    table.into_inner().expect("memory takes everything")
}

/// Text from outside that a spreadsheet will not take for a formula.
pub fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// JSON is what this API speaks; a table is for whoever asks for one: the
/// heavier of both wins, and of equals the one named first (RFC 9110, 12.5.1).
pub fn is_preferred(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).into_iter();
    let ranges = accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let (mut table, mut json) = (0, 0);
    let mut is_table_first = false;
    for range in ranges {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let weight = weight(parts);
        if kind.eq_ignore_ascii_case("text/csv") {
            is_table_first |= json == 0;
            table = table.max(weight);
        } else if kind.eq_ignore_ascii_case("application/json") {
            json = json.max(weight);
        }
    }
    table > json || (table == json && table > 0 && is_table_first)
}

/// What `q` says, in thousandths; 1 if it is not said, 0 if it says nothing
/// that makes sense.
fn weight<'a>(parameters: impl Iterator<Item = &'a str>) -> u16 {
    let mut named = parameters.filter_map(|parameter| parameter.split_once('='));
    let Some((_, weight)) = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("q")) else {
        return 1000;
    };
    let (whole, fraction) = weight.trim().split_once('.').unwrap_or((weight.trim(), ""));
    if fraction.len() > 3 {
        return 0;
    }
    let thousandths: Option<u16> = format!("{whole}{fraction:0<3}").parse().ok();
    thousandths.filter(|weight| *weight <= 1000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{harmless, is_preferred, table};
    use http::header::ACCEPT;
    use http::{HeaderMap, HeaderValue};

    #[test]
    fn no_text_from_outside_begins_a_formula() {
        for (text, expected) in [
            ("gpt-4o", "gpt-4o"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-x", "'-x"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("\0=1", "'\0=1"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), expected);
        }
    }

    #[test]
    fn what_would_end_a_cell_stays_in_it() {
        let rows = [vec!["a,b".to_owned(), "say \"hi\"\nthere".to_owned()]];
        let written = String::from_utf8(table(["x", "y"], rows)).unwrap();
        assert_eq!(written, "x,y\n\"a,b\",\"say \"\"hi\"\"\nthere\"\n");
    }

    #[test]
    fn a_table_is_for_whoever_likes_it_better_or_names_it_before_json() {
        for (accept, expected) in [
            ("text/csv", true),
            ("Text/CSV; charset=utf-8", true),
            ("text/csv, application/json", true),
            ("application/json, text/csv", false),
            ("application/json;q=0.9, text/csv", true),
            ("text/csv;q=0.5, application/json", false),
            ("text/csv; q=0.5, application/json;q=0.25", true),
            ("application/json;q=0.5, text/csv;Q=0.5", false),
            (
                "text/csv;charset=utf-8;q=0.501, application/json;q=0.5",
                true,
            ),
            ("text/csv;q=0", false),
            ("text/csv;q=0.000, application/json;q=0", false),
            ("application/json;q=0, text/csv;q=0.001", true),
            ("text/csv;q=0, text/csv", true),
            ("text/csv;q=2", false),
            ("text/csv;q=x", false),
            ("*/*", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(is_preferred(&headers), expected, "{accept}");
        }
    }
}
