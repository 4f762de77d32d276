//! [`Machine`]: a virtual machine that runs one script after the other, each in a world of its own.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use mlua::chunk::ChunkMode;
use mlua::state::{GcIncParams, GcMode};
use mlua::{Function, Lua, LuaOptions, MultiValue, StdLib, Table, Value};
use tautline_core::{Object, Timestamp};

use crate::error::ScriptError;
use crate::limits::{Limits, Meter};
use crate::{convert, libraries, rewrite};

/// A virtual machine with the libraries of Argo CD's scripts and the scripts that it compiled.
///
/// A script's globals, the library tables included, are made for each run and dropped after it; compiled code and the
/// libraries' functions are what runs share, and a script cannot change either.
#[derive(Debug)]
pub(crate) struct Machine {
    lua: Lua,
    meter: Rc<Meter>,
    now: Rc<Cell<Timestamp>>,
    /// Makes the world of a run.
    world: Function,
    compiled: HashMap<Box<str>, Function>,
    /// Bytes of the texts of what is compiled.
    compiled_bytes: usize,
    is_sound: bool,
}

/// One run.
pub(crate) struct Run<'a> {
    pub(crate) source: &'a str,
    pub(crate) object: &'a Object,
    /// For an action: what the script finds as `actionParams`.
    pub(crate) parameters: &'a BTreeMap<String, String>,
    pub(crate) now: Timestamp,
    pub(crate) limits: &'a Limits,
}

/// Bytes of script texts whose code is kept.
const MOST_COMPILED: usize = 1 << 20;

impl Machine {
    pub(crate) fn new() -> mlua::Result<Self> {
        let libraries = StdLib::STRING | StdLib::TABLE | StdLib::MATH;
        let lua = Lua::new_with(libraries, LuaOptions::default())?;
        // Runs leave little behind: it is not worth while to look for it after each.
        lua.gc_set_mode(GcMode::Incremental(GcIncParams::default().pause(400)));
        let (meter, now) = (Meter::new(&Limits::default()), Rc::new(Cell::new(Timestamp::default())));
        let world = libraries::install(&lua, &meter, &now)?;
        let compiled = HashMap::new();
        Ok(Self { lua, meter, now, world, compiled, compiled_bytes: 0, is_sound: true })
    }

    /// Whether another script may run here.
    pub(crate) fn is_sound(&self) -> bool {
        self.is_sound
    }

    /// Runs a script and answers its last value.
    pub(crate) fn run(&mut self, run: &Run<'_>) -> Result<Value, ScriptError> {
        let failed = |error: mlua::Error| ScriptError::from_lua(&error);
        self.now.set(run.now);
        let world = self.world(run).map_err(failed)?;
        let memory = self.lua.used_memory().saturating_add(run.limits.memory);
        self.meter.start(run.limits);
        self.lua.set_memory_limit(memory).map_err(failed)?;
        self.meter.watch(&self.lua).map_err(failed)?;
        let answer = self.call(run.source, world);
        self.lua.remove_hook();
        let is_unlimited = self.lua.set_memory_limit(0).is_ok();
        let is_spent = self.meter.is_spent();
        let answer = answer.map_err(failed).map_err(|error| error.worded(run.source));
        self.is_sound = is_unlimited && !is_spent && answer.as_ref().err() != Some(&ScriptError::Memory);
        if is_spent {
            return Err(ScriptError::Exhausted);
        }
        Ok(answer?.into_iter().next_back().unwrap_or(Value::Nil))
    }

    fn world(&self, run: &Run<'_>) -> mlua::Result<Table> {
        let world: Table = self.world.call(())?;
        world.raw_set("obj", convert::table(&self.lua, run.object.as_map())?)?;
        if !run.parameters.is_empty() {
            let given = run.parameters.iter().map(|(name, text)| (name.as_str(), text.as_str()));
            world.raw_set("actionParams", self.lua.create_table_from(given)?)?;
        }
        Ok(world)
    }

    fn call(&mut self, source: &str, world: Table) -> mlua::Result<MultiValue> {
        let code = match self.compiled.get(source) {
            Some(code) => code.clone(),
            None => self.compile(source)?,
        };
        // The code gets a variable of its own for its globals: what the run before assigned to `_ENV` is not seen.
        code.set_environment(world)?;
        code.call::<MultiValue>(())
    }

    fn compile(&mut self, source: &str) -> mlua::Result<Function> {
        let text = rewrite::rewrite(source.as_bytes()).map_err(mlua::Error::external)?;
        let code = self.lua.load(text).set_name("=<string>").set_mode(ChunkMode::Text).into_function()?;
        if self.compiled_bytes + source.len() > MOST_COMPILED {
            self.compiled.clear();
            self.compiled_bytes = 0;
        }
        self.compiled_bytes += source.len();
        self.compiled.insert(source.into(), code.clone());
        Ok(code)
    }
}
