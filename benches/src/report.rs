//! Outcomes for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::contest::{Outcome, Row};

/// A table: median, least and largest time, processor time, memory, and our median over each other's.
pub(crate) fn table(outcome: &Outcome) -> String {
    let mut out = format!(
        "{:<30} {:>9} {:>9} {:>9} {:>9} {:>9} {:>10}\n",
        outcome.name, "median s", "least", "largest", "cpu s", "peak MB", "ours/this"
    );
    let ours = outcome.rows.first().and_then(Row::seconds);
    for row in &outcome.rows {
        let Some(median) = row.seconds() else {
            let _ =
                writeln!(out, "  {:<28} skipped: {}", row.name, row.skipped.as_deref().unwrap_or("not run"));
            continue;
        };
        let (least, largest) = range(row);
        let ratio = ours.map_or_else(String::new, |ours| format!("{:.2}", ours / median));
        let cpu = crate::measure::median(row.costs.iter().map(|cost| cost.cpu));
        let memory = row.megabytes().unwrap_or(0.0);
        let _ = writeln!(
            out,
            "  {:<28} {median:>9.3} {least:>9.3} {largest:>9.3} {cpu:>9.3} {memory:>9.1} {ratio:>10}",
            row.name
        );
    }
    for reach in &outcome.reaches {
        let found = reach.found.map_or_else(|| "not measured".to_owned(), |value| format!("{value:.2}"));
        let verdict = match reach.met {
            Some(true) => "reached",
            Some(false) => "MISSED",
            None => "not judged",
        };
        let _ = writeln!(out, "  {}: {found} (at most {}): {verdict}", reach.what, reach.limit);
    }
    out
}

fn range(row: &Row) -> (f64, f64) {
    row.costs.iter().fold((f64::INFINITY, 0.0), |(least, largest), cost| {
        (cost.seconds.min(least), cost.seconds.max(largest))
    })
}

/// The same as one JSON object.
pub(crate) fn json(outcome: &Outcome) -> Value {
    let rows: Vec<Value> = outcome
        .rows
        .iter()
        .map(|row| {
            json!({
                "name": row.name,
                "median_seconds": row.seconds(),
                "seconds": row.costs.iter().map(|cost| cost.seconds).collect::<Vec<_>>(),
                "cpu_seconds": row.costs.iter().map(|cost| cost.cpu).collect::<Vec<_>>(),
                "peak_megabytes": row.megabytes(),
                "skipped": row.skipped,
            })
        })
        .collect();
    let reaches: Vec<Value> = outcome
        .reaches
        .iter()
        .map(|reach| json!({ "what": reach.what, "limit": reach.limit, "found": reach.found, "met": reach.met }))
        .collect();
    json!({ "workload": outcome.name, "contestants": rows, "reaches": reaches })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contest::Reach;
    use crate::measure::Cost;

    #[test]
    fn both_forms_carry_the_figures() {
        let cost = |seconds| Cost { seconds, cpu: 0.5, peak_kib: 1_000_000 };
        let row = |name: &str, times: &[f64]| Row {
            name: name.to_owned(),
            costs: times.iter().map(|time| cost(*time)).collect(),
            skipped: None,
        };
        let skipped = Row { name: "other".to_owned(), costs: Vec::new(), skipped: Some("gone".to_owned()) };
        let outcome = Outcome {
            name: "large",
            rows: vec![row("glassmaster", &[1.0, 3.0, 2.0]), row("cat", &[4.0]), skipped],
            reaches: vec![Reach { what: "time".to_owned(), limit: 0.4, found: Some(0.5), met: Some(false) }],
        };
        let text = table(&outcome);
        for part in ["2.000", "1024.0", "0.50", "skipped: gone", "MISSED"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let value = json(&outcome);
        assert_eq!(value["contestants"][0]["median_seconds"], 2.0);
        assert_eq!(value["reaches"][0]["met"], false);
    }
}
