//! Targets that are reached by a proxy, which is a few lines here.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;

use super::*;

/// A proxy that passes on to where it is told, if `wanted` is what it is told of the caller.
struct FakeProxy {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl FakeProxy {
    fn start(wanted: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&heads);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let all = Arc::clone(&all);
                std::thread::spawn(move || pass_on(stream, &all, wanted));
            }
        });
        Self { port, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// One connection, one request, as the fake target has it. The name of a target leads to this machine.
fn pass_on(stream: TcpStream, heads: &Mutex<Vec<String>>, wanted: Option<&str>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head).ok().filter(|read| *read > 0)?;
    }
    heads.lock().unwrap().push(head.clone());
    let mut back = stream;
    let said = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .starts_with("proxy-authorization: ")
            .then(|| &line[21..])
    });
    if said != wanted {
        let _ = back.write_all(b"HTTP/1.1 407 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        return None;
    }
    let target = head.split(' ').nth(1)?.trim_start_matches("http://");
    let port = target.split('/').next()?.rsplit(':').next()?;
    let mut onward = TcpStream::connect(format!("127.0.0.1:{port}")).ok()?;
    match head.starts_with("CONNECT ") {
        true => back.write_all(b"HTTP/1.1 200 X\r\n\r\n").ok()?,
        false => {
            let origin = head.replacen(&format!("http://{}", target.split('/').next()?), "", 1);
            onward.write_all(origin.as_bytes()).ok()?;
        }
    }
    let (mut from, mut to) = (onward.try_clone().ok()?, back.try_clone().ok()?);
    let answers = std::thread::spawn(move || {
        let copied = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Both);
        copied
    });
    let _ = std::io::copy(&mut reader, &mut onward);
    answers.join().ok()?.ok().map(drop)
}

fn by_proxy(target: &FakeTarget, proxy: &str) -> Profile {
    let text = format!(
        "name = \"t\"\nbase_url = \"http://cards.test:{}/v1\"\nenvironment = \"sandbox\"\nproxy = {proxy}\n[accounts]\nany = true\n",
        target.address.port()
    );
    Profile::parse("t.toml", &text).unwrap_or_else(|e| panic!("{e}"))
}

/// `curl` writes the same.
const BASIC: &str = "Basic cHJveHktdXNlcjpwcm94eS1wYXNzd29yZA==";

fn credentials(folder: &tempfile::TempDir, port: u16) -> String {
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        format!("{{ file = \"{}\" }}", path.display())
    };
    format!(
        "{{ url = \"http://127.0.0.1:{port}\", username = {}, password = {} }}",
        file("user", "proxy-user"),
        file("password", "proxy-password")
    )
}

#[test]
fn plain_requests_name_the_whole_address_to_a_proxy() {
    let folder = tempfile::tempdir().unwrap();
    for wanted in [None, Some(BASIC)] {
        let proxy = FakeProxy::start(wanted);
        let target = FakeTarget::start(|_| ok());
        let written = match wanted {
            None => format!("\"http://127.0.0.1:{}\"", proxy.port),
            Some(_) => credentials(&folder, proxy.port),
        };
        let trace = drive(by_proxy(&target, &written), &["list all"]);
        assert_eq!(
            trace.exchanges[0].response().unwrap().status,
            200,
            "{trace:?}"
        );
        let heads = proxy.heads();
        let address = format!(
            "GET http://cards.test:{}/v1/cards HTTP/1.1",
            target.address.port()
        );
        assert!(heads[1].starts_with(&address), "{heads:?}");
        // What the target and the trace get has nothing of the proxy.
        let told = format!("{trace:?}");
        assert!(
            !told.contains("proxy-authorization") && !told.contains(BASIC),
            "{told}"
        );
        assert!(!told.contains("proxy-password"));
    }
}

#[test]
fn a_tunnel_leads_to_tls() {
    let folder = tempfile::tempdir().unwrap();
    let target = FakeTarget::start(|_| ok());
    let made = rcgen::generate_simple_self_signed(["cards.test".to_owned()]).unwrap();
    let ca = folder.path().join("ca.pem");
    let port = super::tls::front_of(&made, target.address, &ca);
    let proxy = FakeProxy::start(Some(BASIC));
    let text = format!(
        "name = \"t\"\nbase_url = \"https://cards.test:{port}/v1\"\nenvironment = \"sandbox\"\nproxy = {}\n[accounts]\nany = true\n[tls]\nca = \"{}\"\nonly = true\n",
        credentials(&folder, proxy.port),
        ca.display()
    );
    let profile = Profile::parse("t.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    let trace = drive(profile, &["list all"]);
    assert_eq!(
        trace.exchanges[0].response().unwrap().status,
        200,
        "{trace:?}"
    );
    let heads = proxy.heads();
    assert!(
        heads[0].starts_with(&format!("CONNECT cards.test:{port} HTTP/1.1")),
        "{heads:?}"
    );
    assert!(!format!("{heads:?}").contains("/v1/cards"), "{heads:?}");
}

#[test]
fn a_proxy_that_does_not_know_the_caller_says_so() {
    let target = FakeTarget::start(|_| ok());
    let proxy = FakeProxy::start(Some(BASIC));
    let plain = by_proxy(&target, &format!("\"http://127.0.0.1:{}\"", proxy.port));
    let mut secure = plain.clone();
    let base_url = secure.base_url.as_str().replace("http:", "https:");
    secure.base_url = crate::profile::BaseUrl::try_from(base_url).unwrap();
    for profile in [plain, secure] {
        let Err(trouble) = Session::connect(profile) else {
            panic!("nobody is let through");
        };
        let told = trouble.to_string();
        assert!(told.contains("wants to know who calls (407)"), "{told}");
        assert!(
            told.contains(&format!("by the proxy http://127.0.0.1:{}", proxy.port)),
            "{told}"
        );
    }
    assert!(target.asked().is_empty());
}

#[test]
fn a_proxy_is_written_in_three_ways() {
    let target = FakeTarget::start(|_| ok());
    for (written, hint) in [
        ("\"http://127.0.0.1:3128\"", None),
        ("\"environment\"", None),
        (
            "{ url = \"http://p:1\", username = { env = \"U\" }, password = { env = \"P\" } }",
            None,
        ),
        ("\"https://p:1\"", Some("without TLS")),
        ("\"socks5://p:1\"", Some("neither http nor https")),
        ("\"http://p:1/x\"", Some("has no path")),
        (
            "\"http://me:hunter2@p:1\"",
            Some("never holds a name or password"),
        ),
        (
            "{ url = \"http://p:1\", username = { env = \"U\" } }",
            Some("go together"),
        ),
        (
            "{ url = \"http://p:1\", password = \"hunter2\" }",
            Some("never holds a secret"),
        ),
        ("7", Some("a proxy: ")),
    ] {
        let text = format!(
            "name = \"t\"\nbase_url = \"http://{}/v1\"\nenvironment = \"sandbox\"\nproxy = {written}\n[accounts]\nany = true\n",
            target.address
        );
        let told =
            Profile::parse("t.toml", &text).map(|profile| toml::to_string(&profile).unwrap());
        match (told, hint) {
            (Ok(again), None) => {
                let again = Profile::parse("t.toml", &again).unwrap_or_else(|e| panic!("{e}"));
                assert!(again.proxy.is_some());
            }
            (Err(error), Some(hint)) => {
                let error = error.to_string();
                assert!(
                    error.starts_with("t.toml:4:") && error.contains(hint),
                    "{hint}: {error}"
                );
                assert!(!error.contains("hunter2"), "{error}");
            }
            (told, hint) => panic!("{written}: {hint:?} {told:?}"),
        }
    }
}
