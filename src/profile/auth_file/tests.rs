use secrecy::ExposeSecret;

use super::*;

/// The profile that calls as the file says, or what is wrong with the file.
fn used(text: &str, auth_user: Option<&str>) -> Result<Profile, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("auth.yaml");
    std::fs::write(&path, text).unwrap();
    let base = "name = \"x\"\nbase_url = \"http://127.0.0.1:8080/v1\"\naccounts = { any = true }";
    let mut profile = Profile::parse("x.toml", base).unwrap();
    profile.auth_user = auth_user.map(str::to_owned);
    match profile.use_auth_file(&path) {
        Ok(()) => Ok(profile),
        Err(error) => {
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("hunter2"), "{shown}");
            let words = error.to_string();
            let at = words.find("auth.yaml").expect("it names the file");
            Err(words[at..].to_owned())
        }
    }
}

fn login(text: &str) -> LoginCall {
    match used(text, None)
        .unwrap_or_else(|e| panic!("{e}"))
        .credentials
    {
        Credentials::OtherLogin(call) => *call,
        other => panic!("{other:?}"),
    }
}

const TOKEN: &str = "token: {extractFrom: body, extractSelector: /token/authToken, sendIn: header, sendName: Authorization, sendTemplate: 'Bearer {token}'}";

#[test]
fn a_fixed_token_and_other_header_fields_are_taken() {
    let text = "auth:\n  - name: FOO\n    fixedHeaders:\n      - {name: authorization, value: 'Bearer hunter2'}\n      - {name: X-Key, value: hunter2}\nconfigs: {}\n";
    let profile = used(text, None).unwrap();
    let Credentials::Token(token) = &profile.credentials else {
        panic!("{profile:?}");
    };
    assert_eq!(token.read().unwrap().expose_secret(), "hunter2");
    assert_eq!(profile.headers.0.keys().collect::<Vec<_>>(), ["X-Key"]);
    assert!(!format!("{profile:?}").contains("hunter2"));
}

#[test]
fn what_a_user_leaves_out_stands_in_the_template() {
    let text = format!(
        "auth:\n  - name: foo\n    loginEndpointAuth:\n      payloadRaw: '{{\"u\":\"hunter2\"}}'\nauthTemplate:\n  loginEndpointAuth:\n    endpoint: /login\n    verb: POST\n    {TOKEN}\n"
    );
    let call = login(&text);
    assert_eq!(
        (call.method.as_str(), &call.token),
        ("POST", &TokenPlace::Body("/token/authToken".into()))
    );
    // A path counts from the root of the host.
    let LoginAddress::Url(url) = &call.address else {
        panic!()
    };
    assert_eq!(url.as_str(), "http://127.0.0.1:8080/login");
    let LoginBody::Text { text, media_type } = &call.body else {
        panic!()
    };
    assert_eq!(text.read().unwrap().expose_secret(), "{\"u\":\"hunter2\"}");
    assert_eq!(media_type, "application/json");
}

#[test]
fn the_earlier_form_of_a_token_is_read_too() {
    let text = "auth: [{name: a, loginEndpointAuth: {externalEndpointURL: 'https://login.example/t', verb: POST, contentType: application/x-www-form-urlencoded,\n  payloadUserPwd: {username: a, password: hunter2, usernameField: u, passwordField: p},\n  token: {extractFromField: /access, httpHeaderName: Authorization, headerPrefix: 'Bearer '}}}]";
    let call = login(text);
    assert!(matches!(call.body, LoginBody::Form(_)));
    assert_eq!(call.token, TokenPlace::Body("/access".into()));
    assert!(!format!("{call:?}").contains("hunter2"));
}

#[test]
fn one_of_several_users_calls() {
    let text = "auth:\n  - {name: foo, fixedHeaders: [{name: Authorization, value: Bearer one-token}]}\n  - {name: bar, fixedHeaders: [{name: Authorization, value: Bearer two-token}]}\n";
    let Credentials::Token(token) = used(text, Some("bar")).unwrap().credentials else {
        panic!()
    };
    assert_eq!(token.read().unwrap().expose_secret(), "two-token");
    let none = used(text, None).unwrap_err();
    assert!(
        none.starts_with("auth.yaml:1:1: ") && none.contains("(foo, bar)"),
        "{none}"
    );
    let other = used(text, Some("baz")).unwrap_err();
    assert!(other.contains("no user `baz`"), "{other}");
}

#[test]
fn what_cannot_be_used_is_told_with_its_place_and_without_what_it_holds() {
    let in_login = |line: &str| {
        format!(
            "auth:\n  - name: a\n    loginEndpointAuth:\n      {line}\n      endpoint: /login\n      verb: POST\n      {TOKEN}\n"
        )
    };
    for (text, place, hint) in [
        ("auth: [hunter2".to_owned(), "", "no YAML"),
        ("{}".to_owned(), "1:1", "`auth` is missing"),
        ("auth: []".to_owned(), "1:1", "names no user"),
        ("auht: []".to_owned(), "1:1", "did you mean `auth`"),
        ("auth:\n  - name: a\n".to_owned(), "2:5", "no way to authenticate"),
        (
            "auth:\n  - name: a\n    requireMockHandling: true\n".to_owned(),
            "3:5",
            "can't be set up from outside",
        ),
        (
            "auth:\n  - name: a\n    createUsers: {endpoint: /users}\n".to_owned(),
            "3:5",
            "makes no users",
        ),
        (
            "auth:\n  - name: a\n    fixedHeaders:\n      - {name: Authorization, value: Basic hunter2}\n".to_owned(),
            "3:5",
            "another scheme can't be used",
        ),
        (
            "auth:\n  - name: a\n    fixedHeaders:\n      - {name: Signature, value: hunter2}\n".to_owned(),
            "3:5",
            "written by cardproof itself",
        ),
        (in_login("expectCookies: true"), "4:7", "not cookies"),
        (in_login("payloadRaw: 2222222"), "4:7", "between quotes"),
        (in_login("paylodRaw: hunter2"), "4:7", "did you mean `payloadRaw`"),
        (in_login("externalEndpointURL: https://h"), "3:5", "say one thing"),
        (
            in_login("payloadUserPwd: {username: a, usernameField: u, passwordField: p}"),
            "4:7",
            "`password` is missing",
        ),
        (
            "auth:\n  - name: a\n    loginEndpointAuth:\n      endpoint: /login\n      verb: SEND\n".to_owned(),
            "5:7",
            "is no method",
        ),
        (
            "auth:\n  - name: a\n    loginEndpointAuth:\n      endpoint: /login\n      verb: POST\n".to_owned(),
            "3:5",
            "say where the answer has the token",
        ),
        (
            in_login("contentType: text/plain").replace("sendIn: header", "sendIn: query"),
            "7:7",
            "the contract's calls carry",
        ),
    ] {
        let error = used(&text, None).unwrap_err();
        assert!(error.starts_with(&format!("auth.yaml:{place}")), "{text}\n{error}");
        assert!(error.contains(hint), "{text}\n{error}");
        assert!(!error.contains("2222222"), "{error}");
    }
}
