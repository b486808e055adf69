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

/// JSON is what this API speaks; a table is for whoever asks for one.
pub fn is_preferred(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).into_iter();
    let mut kinds = accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| {
            let kinds = value
                .split(',')
                .map(|kind| kind.split(';').next().unwrap_or_default());
            kinds.map(|kind| kind.trim().to_ascii_lowercase())
        });
    kinds.find(|kind| kind == "text/csv" || kind == "application/json")
        == Some("text/csv".to_owned())
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
    fn a_table_is_for_whoever_names_it_before_json() {
        for (accept, expected) in [
            ("text/csv", true),
            ("Text/CSV; charset=utf-8", true),
            ("text/csv, application/json", true),
            ("application/json, text/csv", false),
            ("*/*", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(is_preferred(&headers), expected, "{accept}");
        }
    }
}
