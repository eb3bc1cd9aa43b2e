//! The report as files, in a folder of its own: complete as JSON, and in a format for each of those who read it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::text::{self, Detail, Look};
use super::{Report, har, html, json_schema, junit, sarif, summary};
use crate::requirement;
use crate::trace_reader::{ReadError, TraceReader};
use crate::visible_json;

/// The name of the page for a browser.
pub const PAGE_FILE: &str = "report.html";
/// The name of the complete report.
pub const REPORT_FILE: &str = "report.json";
/// The name of the recording.
pub const TRACE_FILE: &str = "trace.jsonl";
/// The name of the traffic for tools that show HAR files.
pub const HAR_FILE: &str = "traffic.har";

/// What draws a format.
type Draw = fn(&Report, &Look<'_>) -> Vec<u8>;

/// Every format, by the name of its file.
const FORMATS: [(&str, Draw); 7] = [
    (PAGE_FILE, |report, look| html::page(report, look).into()),
    (REPORT_FILE, |report, _| json(report)),
    ("report.txt", plain_text),
    ("junit.xml", |report, look| junit::file(report, look).into()),
    ("results.sarif", |report, _| pretty(&sarif::log(report))),
    (HAR_FILE, |report, _| har::of_findings(report)),
    ("summary.md", |report, look| {
        summary::file(report, look).into()
    }),
];

/// The files that a report consists of, beside the recording and the reproducers.
pub fn names() -> impl Iterator<Item = &'static str> {
    FORMATS.into_iter().map(|(name, _)| name)
}

/// The width of the report for people: a file has none, and this is read well anywhere.
const TEXT_WIDTH: usize = 110;

/// A file or folder that can't be written.
#[derive(Debug, thiserror::Error)]
#[error("can't write {}: {source}", path.display())]
pub struct FileError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// Makes the folder, and takes away what an earlier report left there. Nothing else in it is touched.
///
/// # Errors
/// When the folder can't be made, or nothing can be written there.
pub fn prepare(folder: &Path) -> Result<(), FileError> {
    prepare_but(folder, None)
}

/// The same for a run that goes on: its recording stays.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_to_go_on(folder: &Path) -> Result<(), FileError> {
    prepare_but(folder, Some(TRACE_FILE))
}

fn prepare_but(folder: &Path, kept: Option<&str>) -> Result<(), FileError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| FileError { path, source }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    refuse_strangers(folder)?;
    let files = earlier_files(folder).into_iter();
    for file in files.filter(|file| kept.is_none_or(|kept| file != Path::new(kept))) {
        let path = folder.join(file);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&path)(error))?,
            _ => {}
        }
    }
    // The report itself is written at the very end, which is late to learn that it can't be.
    let report = folder.join(REPORT_FILE);
    fs::write(&report, "").map_err(failed(&report))?;
    fs::remove_file(&report).map_err(failed(&report))
}

/// A `report.json` of another program is not ours to overwrite.
fn refuse_strangers(folder: &Path) -> Result<(), FileError> {
    let path = folder.join(REPORT_FILE);
    let Ok(bytes) = fs::read(&path) else {
        return Ok(());
    };
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if value.get("cardproof").is_some() {
        return Ok(());
    }
    let source = io::Error::new(
        io::ErrorKind::AlreadyExists,
        "another program's file is there; name another folder with --out",
    );
    Err(FileError { path, source })
}

/// What an earlier report in the folder says that it wrote; its reproducers must not pass for those of the next.
fn earlier_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = names().chain([TRACE_FILE]).map(PathBuf::from).collect();
    let earlier = fs::read(folder.join(REPORT_FILE))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Report>(&bytes).ok());
    let cases = earlier.into_iter().flat_map(|report| report.findings);
    files.extend(
        cases
            .filter_map(|finding| finding.file)
            .filter(|file| is_case_file(file))
            .map(PathBuf::from),
    );
    files
}

/// A report might be forged, and only names of our own making are followed.
fn is_case_file(file: &str) -> bool {
    file.strip_prefix("cases/")
        .and_then(|name| name.strip_suffix(".toml"))
        .is_some_and(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}

/// Writes the report in every format.
///
/// # Errors
/// When a file can't be written.
pub fn write(
    report: &Report,
    folder: &Path,
    target_flags: &str,
    ending: &str,
) -> Result<(), FileError> {
    let look = Look {
        width: TEXT_WIDTH,
        screen: None,
        detail: Detail::Full,
        folder: Some(folder),
        target_flags,
        ending,
    };
    for (name, draw) in FORMATS {
        let path = folder.join(name);
        fs::write(&path, draw(report, &look)).map_err(|source| FileError { path, source })?;
    }
    Ok(())
}

/// A recording that can't be drawn as traffic.
#[derive(Debug, thiserror::Error)]
pub enum TrafficError {
    /// It can't be read.
    #[error(transparent)]
    Trace(#[from] ReadError),
    /// The file can't be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Writes all traffic of a recording, where else that of the findings is.
///
/// # Errors
/// When the recording can't be read, or the file can't be written.
pub fn write_traffic(folder: &Path) -> Result<(), TrafficError> {
    let reader = TraceReader::open(&folder.join(TRACE_FILE))?;
    let path = folder.join(HAR_FILE);
    let failed = |source| FileError {
        path: path.clone(),
        source,
    };
    let file = io::BufWriter::new(fs::File::create(&path).map_err(failed)?);
    let base_url = reader.header().base_url.clone();
    let began = har::began(reader.header().run, None);
    let mut har = har::Har::begin(file, &base_url, began).map_err(failed)?;
    for case in reader {
        let case = case?;
        let id = format!("case {}", case.number);
        har.page(&id, &case.case.name, &case.exchanges)
            .map_err(failed)?;
    }
    Ok(har.end().map_err(failed)?)
}

fn plain_text(report: &Report, look: &Look<'_>) -> Vec<u8> {
    let mut plain = anstream::StripStream::new(Vec::new());
    let drawn = text::write(report, look, &mut plain);
    debug_assert!(drawn.is_ok(), "writing to memory succeeds");
    plain.into_inner()
}

/// The report as it stands in `report.json`.
pub fn json(report: &Report) -> Vec<u8> {
    pretty(report)
}

/// The JSON Schema of `report.json`, as it stands in `spec/report.schema.json`.
pub fn schema_file() -> Vec<u8> {
    pretty(&json_schema())
}

/// The catalogue, as it stands in `spec/requirements.json`.
pub fn requirements_file() -> Vec<u8> {
    let all: Vec<_> = requirement::all().collect();
    pretty(&all)
}

fn pretty(value: &impl serde::Serialize) -> Vec<u8> {
    let mut bytes = visible_json::pretty(value).expect("names of members are texts");
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{finding, report, revival};
    use crate::requirement::id;

    /// Holds a published file to what the code says; `UPDATE=1` writes it anew.
    fn check_published(name: &str, wanted: &[u8]) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("spec")
            .join(name);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, wanted).unwrap();
        }
        let published = fs::read(&path).unwrap_or_default();
        assert!(
            published == wanted,
            "spec/{name} is stale: write it anew with `UPDATE=1 cargo test published`"
        );
    }

    #[test]
    fn the_published_schema_is_that_of_the_code() {
        check_published("report.schema.json", &schema_file());
    }

    #[test]
    fn the_published_schema_of_profiles_is_that_of_the_code() {
        check_published("profile.schema.json", &crate::profile::schema_file());
    }

    #[test]
    fn the_published_requirements_are_those_of_the_catalogue() {
        check_published("requirements.json", &requirements_file());
    }

    #[test]
    fn every_report_is_valid_against_the_schema() {
        let validator = jsonschema::validator_for(&json_schema()).unwrap();
        for report in [
            report(vec![]),
            report(vec![revival(), finding(id::READ_1, 1)]),
        ] {
            let value = serde_json::to_value(&report).unwrap();
            let errors: Vec<String> = validator
                .iter_errors(&value)
                .map(|error| format!("{} at {}", error, error.instance_path()))
                .collect();
            assert_eq!(errors, [] as [String; 0]);
        }
    }

    #[test]
    fn a_report_reads_back_the_same() {
        let report = report(vec![revival()]);
        let back: Report = serde_json::from_slice(&json(&report)).unwrap();
        assert_eq!(back, report);
    }

    #[test]
    fn a_folder_used_twice_keeps_only_the_second_report_and_what_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let case = folder.join("cases/LIFE-4.toml");
        fs::create_dir(folder.join("cases")).unwrap();
        fs::write(&case, "old").unwrap();
        fs::write(folder.join("notes"), "mine").unwrap();
        write(&report(vec![revival()]), folder, "", "").unwrap();
        prepare(folder).unwrap();
        assert!(!case.exists());
        assert!(!folder.join(REPORT_FILE).exists());
        assert!(folder.join("notes").exists());
    }

    #[test]
    fn another_programs_report_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(REPORT_FILE);
        fs::write(&file, "{\"theirs\":true}").unwrap();
        let error = prepare(folder.path()).unwrap_err().to_string();
        assert!(error.contains("--out"), "{error}");
        assert!(file.exists());
    }

    #[test]
    fn a_forged_report_takes_nothing_else_away() {
        for file in [
            "../notes",
            "cases/../notes.toml",
            "/etc/x.toml",
            "cases/a/b.toml",
        ] {
            assert!(!is_case_file(file), "{file}");
        }
        assert!(is_case_file("cases/LIFE-4-2.toml"));
    }

    #[test]
    fn the_text_file_has_no_styles() {
        let folder = tempfile::tempdir().unwrap();
        write(&report(vec![revival()]), folder.path(), "", "").unwrap();
        let text = fs::read_to_string(folder.path().join("report.txt")).unwrap();
        assert!(text.contains("LIFE-4") && !text.contains('\u{1b}'));
    }
}
