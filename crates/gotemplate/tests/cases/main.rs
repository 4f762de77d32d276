//! What Go's text/template and sprig do, case by case: each expectation was given by Go 1.26 with sprig 3.3.

mod messages;
mod outputs;

use std::sync::Arc;

use tautline_core::Value as Core;
use tautline_gotemplate::{Engine, Functions, MissingKey, Options, Signature, Str, Templates, Type, Value};

const DATA: &str = r#"{"i":1000000,"f":1.5,"s":"hello","empty":"","t":true,"fa":false,"nul":null,"list":[1,2,"x"],"strs":["b","a","c","a"],"elist":[],"map":{"b":2,"a":1,"c":{"z":1,"y":[1,2]}},"emap":{},"deep":{"l1":{"l2":{"l3":"v"}}},"multi":"line1\nline2\n","uni":"héllo wörld ☃","html":"<a href='x'>&\"</a>","zero":0,"neg":-3,"big":123456789012,"numstr":"42","tpl":"{{ .s }}","nested":[[1,2],[3]],"mixed":[null,"a",{"k":"v"},1.5,true]}"#;

fn run(text: &str) -> Result<String, String> {
    let mut functions = Functions::sprig();
    functions.add("include", Signature::fixed(&[Type::String, Type::Any]), |call| {
        let text = call.engine.execute_bytes(call.text(0).as_bytes(), call.arg(1))?;
        Ok(Str::from_bytes(text).into())
    });
    let mut templates = Templates::new(functions).named("t");
    templates.parse("t", text).map_err(|error| error.to_string())?;
    let data = Core::from_json(DATA.as_bytes()).expect("the data are JSON");
    let options = Options { missing_key: MissingKey::Zero, ..Options::default() };
    let mut engine = Engine::new(Arc::new(templates), options);
    engine.execute("t", &Value::from_yaml(&data)).map_err(|failure| failure.to_string())
}

#[test]
fn outputs() {
    for (text, expect) in outputs::CASES {
        assert_eq!(run(text), Ok((*expect).to_owned()), "{text}");
    }
}

#[test]
fn messages() {
    for (text, expect) in messages::CASES {
        assert_eq!(run(text), Err((*expect).to_owned()), "{text}");
    }
}
