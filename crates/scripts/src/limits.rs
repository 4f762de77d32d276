//! What a script may use, and the meter that holds it to that.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use cpu_time::ThreadTime;
use mlua::{HookTriggers, Lua, VmState};

use crate::error::ScriptError;

/// What one run of a script may use. The defaults are far above what health scripts need (a few thousand
/// steps) and keep a hostile one below 100 ms of processor time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Steps: virtual machine instructions, and a step for each byte that a library function looks at.
    /// This limit is deterministic.
    pub steps: u64,
    /// Bytes of memory beyond the object itself.
    pub memory: usize,
    /// Processor time of this thread. It stops what is slow within one step, such as joining huge strings;
    /// a crowded machine does not shorten it.
    pub cpu: Duration,
    /// Bytes of the script's text.
    pub source: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 1_000_000, memory: 6 << 20, cpu: Duration::from_millis(80), source: 512 << 10 }
    }
}

/// Instructions between two looks at the meter: few, because one instruction may copy megabytes.
const STRIDE: u32 = 100;
/// Steps before the first look at the processor's clock, which takes as long as many steps: most scripts end sooner.
const UNCLOCKED: u64 = 300;
/// Steps of library functions between two looks at the processor's clock.
const CLOCK_STRIDE: u64 = 2_000;

/// Counts down one run after the other.
#[derive(Debug)]
pub(crate) struct Meter {
    left: Cell<u64>,
    used: Cell<u64>,
    unclocked: Cell<u64>,
    started: Cell<ThreadTime>,
    cpu: Cell<Duration>,
    memory: Cell<usize>,
    spent: Cell<bool>,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Rc<Self> {
        Rc::new(Self {
            left: Cell::new(limits.steps),
            used: Cell::new(0),
            unclocked: Cell::new(0),
            started: Cell::new(ThreadTime::now()),
            cpu: Cell::new(limits.cpu),
            memory: Cell::new(limits.memory),
            spent: Cell::new(false),
        })
    }

    /// Begins to count anew.
    pub(crate) fn start(&self, limits: &Limits) {
        self.left.set(limits.steps);
        self.used.set(0);
        self.unclocked.set(0);
        self.started.set(ThreadTime::now());
        self.cpu.set(limits.cpu);
        self.memory.set(limits.memory);
        self.spent.set(false);
    }

    /// Whether the run is over its limit; then its answer does not count, whatever it caught.
    pub(crate) fn is_spent(&self) -> bool {
        self.spent.get()
    }

    /// Takes steps of work that is about to be done.
    pub(crate) fn charge(&self, steps: u64) -> mlua::Result<()> {
        let left = self.left.get().checked_sub(steps).filter(|_| !self.spent.get());
        self.used.set(self.used.get().saturating_add(steps));
        self.left.set(left.unwrap_or(0));
        self.unclocked.set(self.unclocked.get() + steps);
        let late = self.unclocked.get() >= CLOCK_STRIDE && self.is_late();
        if left.is_none() || late {
            self.spent.set(true);
            return Err(mlua::Error::external(ScriptError::Exhausted));
        }
        Ok(())
    }

    /// Takes a step for each byte of a text that is about to be made, and refuses one beyond the memory.
    pub(crate) fn charge_text(&self, bytes: usize) -> mlua::Result<()> {
        if bytes > self.memory.get() / 2 {
            return Err(mlua::Error::external(ScriptError::Memory));
        }
        self.charge(bytes as u64 / 16 + 1)
    }

    fn is_late(&self) -> bool {
        self.unclocked.set(0);
        self.started.get().elapsed() > self.cpu.get()
    }

    /// Looks at the meter every few instructions. Once it is spent every single instruction fails, so a
    /// `pcall` that catches the failure fails at the next one.
    pub(crate) fn watch(self: &Rc<Self>, lua: &Lua) -> mlua::Result<()> {
        let meter = Rc::clone(self);
        lua.set_hook(HookTriggers::new().every_nth_instruction(STRIDE), move |lua, _| {
            if meter.used.get() > UNCLOCKED && meter.is_late() {
                meter.spent.set(true);
            }
            meter.charge(u64::from(STRIDE)).inspect_err(|_| stop(lua))?;
            Ok(VmState::Continue)
        })
    }
}

fn stop(lua: &Lua) {
    let each = HookTriggers::new().every_nth_instruction(1);
    // If the hook could not be set, the old one goes on to fail at every stride.
    let _ = lua.set_hook(each, |_, _| Err(mlua::Error::external(ScriptError::Exhausted)));
}
