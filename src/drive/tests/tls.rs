//! Targets behind TLS, with certificates that are made here.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};

use super::*;

/// A CA of this test alone.
type Ca = CertifiedIssuer<'static, KeyPair>;

fn ca() -> Ca {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let name = uuid::Uuid::new_v4().to_string();
    params.distinguished_name.push(DnType::CommonName, name);
    Ca::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate and its key.
struct Leaf {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

fn leaf(ca: &Ca, name: &str, years: (i32, i32)) -> Leaf {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    Leaf {
        certificate: params.signed_by(&key, ca).unwrap().der().clone(),
        key: key.serialize_der(),
    }
}

const NOW: (i32, i32) = (2020, 4000);

fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in STANDARD.encode(der).as_bytes().chunks(64) {
        writeln!(text, "{}", std::str::from_utf8(line).unwrap()).unwrap();
    }
    text + &format!("-----END {label}-----\n")
}

fn config(
    leaf: &Leaf,
    clients: Option<&Ca>,
    spoken: &'static SupportedProtocolVersion,
) -> ServerConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[spoken])
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(ca) => {
            let mut roots = RootCertStore::empty();
            roots.add(ca.der().clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        }
    };
    let key = PrivatePkcs8KeyDer::from(leaf.key.clone());
    builder
        .with_single_cert(vec![leaf.certificate.clone()], key.into())
        .unwrap()
}

/// TLS in front of a target; its port.
pub(super) fn front(target: SocketAddr, config: ServerConfig) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // Whoever does not trust it, or is not trusted, goes away.
                    let mut secure = acceptor.accept(stream).await?;
                    let mut plain = tokio::net::TcpStream::connect(target).await?;
                    tokio::io::copy_bidirectional(&mut secure, &mut plain).await
                });
            }
        });
    });
    port
}

fn write(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// A profile of a target behind TLS, in a folder where its files are.
fn profile(base_url: &str, folder: &Path, tls: &str) -> Profile {
    let text = format!(
        "name = \"t\"\nbase_url = \"{base_url}/v1\"\ntimeout = \"30s\"\n[accounts]\nany = true\n[tls]\n{tls}\n"
    );
    let file = folder.join("cardproof.toml");
    Profile::parse(&file.display().to_string(), &text).unwrap_or_else(|e| panic!("{e}"))
}

fn trouble(profile: Profile) -> String {
    match Session::connect(profile) {
        Ok(_) => panic!("it can't be set up"),
        Err(trouble) => trouble.to_string(),
    }
}

/// What the files of a profile are made of.
struct World {
    folder: tempfile::TempDir,
    target: FakeTarget,
    ca: Ca,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = ca();
        write(&folder, "ca.pem", &pem("CERTIFICATE", ca.der()));
        Self {
            folder,
            target: FakeTarget::start(|_| ok()),
            ca,
        }
    }

    fn front(&self, leaf: &Leaf, clients: Option<&Ca>) -> u16 {
        front(self.target.address, config(leaf, clients, &version::TLS13))
    }

    fn profile(&self, base_url: &str, tls: &str) -> Profile {
        profile(base_url, self.folder.path(), tls)
    }
}

#[test]
fn whom_the_profile_trusts_is_trusted() {
    let world = World::new();
    let port = world.front(&leaf(&world.ca, "localhost", NOW), None);
    let base_url = format!("https://localhost:{port}");
    for tls in ["ca = \"ca.pem\"", "ca = \"ca.pem\"\nonly = true"] {
        let trace = drive(world.profile(&base_url, tls), &["list all"]);
        assert_eq!(trace.exchanges[0].response().unwrap().status, 200);
    }
}

#[test]
fn a_pinned_name_is_asked_for_and_checked() {
    let world = World::new();
    let port = world.front(&leaf(&world.ca, "cards.internal", NOW), None);
    let base_url = format!("https://127.0.0.1:{port}");
    let tls = "ca = \"ca.pem\"\nserver_name = \"cards.internal\"";
    let trace = drive(world.profile(&base_url, tls), &["list all"]);
    assert_eq!(trace.exchanges[0].response().unwrap().status, 200);
    let told = trouble(world.profile(&base_url, &tls.replace("cards.", "other.")));
    assert!(
        told.contains("is for cards.internal and not for other.internal"),
        "{told}"
    );
}

#[test]
fn a_client_certificate_is_shown_where_it_is_asked_for() {
    let world = World::new();
    let clients = ca();
    let own = leaf(&clients, "cardproof", NOW);
    write(
        &world.folder,
        "client.pem",
        &pem("CERTIFICATE", &own.certificate),
    );
    write(&world.folder, "client.key", &pem("PRIVATE KEY", &own.key));
    let identity = "ca = \"ca.pem\"\ncertificate = \"client.pem\"\nkey = { file = \"client.key\" }";
    for spoken in [&version::TLS12, &version::TLS13] {
        let config = config(&leaf(&world.ca, "localhost", NOW), Some(&clients), spoken);
        let base_url = format!("https://localhost:{}", front(world.target.address, config));
        let trace = drive(world.profile(&base_url, identity), &["list all"]);
        assert_eq!(trace.exchanges[0].response().unwrap().status, 200);
        let told = trouble(world.profile(&base_url, "ca = \"ca.pem\""));
        assert!(
            told.contains("demand") && told.contains("client certificate"),
            "{told}"
        );
    }
    // One of a CA that the target does not know.
    let config = config(
        &leaf(&world.ca, "localhost", NOW),
        Some(&ca()),
        &version::TLS13,
    );
    let base_url = format!("https://localhost:{}", front(world.target.address, config));
    let told = trouble(world.profile(&base_url, identity));
    assert!(told.contains("refuses the client certificate"), "{told}");
}

#[test]
fn each_wrong_tls_is_told_apart() {
    let world = World::new();
    let good = leaf(&world.ca, "localhost", NOW);
    let https = |leaf: &Leaf| format!("https://localhost:{}", world.front(leaf, None));
    let plain = world.target.address.port();
    for (base_url, tls, hint) in [
        (
            https(&leaf(&ca(), "localhost", NOW)),
            "ca = \"ca.pem\"",
            "comes from nobody who is trusted",
        ),
        (https(&good), "", "comes from nobody who is trusted"),
        (
            https(&leaf(&world.ca, "localhost", (2019, 2020))),
            "ca = \"ca.pem\"",
            "has expired, 2020-01-01 00:00 UTC",
        ),
        (
            https(&leaf(&world.ca, "localhost", (3999, 4000))),
            "ca = \"ca.pem\"",
            "not valid before 3999-01-01",
        ),
        (
            https(&leaf(&world.ca, "elsewhere", NOW)),
            "ca = \"ca.pem\"",
            "is for elsewhere and not for localhost",
        ),
        (
            format!("https://localhost:{plain}"),
            "ca = \"ca.pem\"",
            "speaks no TLS",
        ),
        (
            https(&good).replace("https", "http"),
            "",
            "has to begin with https://",
        ),
        (
            format!("http://localhost:{plain}"),
            "ca = \"ca.pem\"",
            "begins with http://",
        ),
    ] {
        let told = trouble(world.profile(&base_url, tls));
        assert!(told.contains(hint), "{hint}: {told}");
    }
}

#[test]
fn a_file_that_is_something_else_is_named() {
    let world = World::new();
    let own = leaf(&world.ca, "cardproof", NOW);
    let other = leaf(&world.ca, "cardproof", NOW);
    let key = pem("PRIVATE KEY", &own.key);
    write(
        &world.folder,
        "client.pem",
        &pem("CERTIFICATE", &own.certificate),
    );
    write(&world.folder, "client.key", &key);
    write(&world.folder, "other.key", &pem("PRIVATE KEY", &other.key));
    write(
        &world.folder,
        "encrypted.key",
        &pem("ENCRYPTED PRIVATE KEY", &own.key),
    );
    write(&world.folder, "empty.pem", "\n");
    write(
        &world.folder,
        "broken.pem",
        &pem("CERTIFICATE", b"\x30").replace("MA", "M*"),
    );
    std::fs::write(world.folder.path().join("ca.der"), &own.certificate).unwrap();
    let client = |certificate: &str, key: &str| {
        format!("certificate = \"{certificate}\"\nkey = {{ file = \"{key}\" }}")
    };
    for (tls, hints) in [
        (
            "ca = \"none.pem\"".to_owned(),
            ["none.pem", "the profile's folder"],
        ),
        (
            "ca = \"client.key\"".to_owned(),
            ["client.key", "holds a private key and no certificate"],
        ),
        (
            "ca = \"empty.pem\"".to_owned(),
            ["empty.pem", "holds nothing"],
        ),
        (
            "ca = \"ca.der\"".to_owned(),
            ["binary data", "openssl x509 -inform der"],
        ),
        (
            "ca = \"broken.pem\"".to_owned(),
            ["broken.pem", "is broken"],
        ),
        (
            client("client.key", "client.key"),
            ["client.key", "no certificate"],
        ),
        (
            client("client.pem", "client.pem"),
            ["client.pem", "holds a certificate and no private key"],
        ),
        (
            client("client.pem", "encrypted.key"),
            ["encrypted.key", "openssl pkey"],
        ),
        (
            client("client.pem", "other.key"),
            ["other.key", "not that of the first certificate"],
        ),
    ] {
        let told = trouble(world.profile("https://localhost:1", &tls));
        for hint in hints {
            assert!(told.contains(hint), "{hint}: {told}");
        }
        let secret = STANDARD.encode(&own.key);
        assert!(!told.contains(&secret[..20]), "{told}");
    }
}

/// TLS in front of a target, with a certificate that vouches for itself and is written to `ca`; its port.
pub(super) fn front_of(made: &rcgen::CertifiedKey<KeyPair>, target: SocketAddr, ca: &Path) -> u16 {
    let leaf = Leaf {
        certificate: made.cert.der().clone(),
        key: made.signing_key.serialize_der(),
    };
    std::fs::write(ca, pem("CERTIFICATE", &leaf.certificate)).unwrap();
    front(target, config(&leaf, None, &version::TLS13))
}
