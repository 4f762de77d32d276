//! Time zones by name, from a database that is part of the program: never from the machine.

/// A time zone. `Local` is UTC: a template must render the same everywhere.
#[derive(Clone, Debug)]
pub(crate) enum Zone {
    Utc,
    /// A fixed offset in seconds, perhaps with a name.
    Fixed(String, i32),
    #[cfg(feature = "zones")]
    Named(jiff::tz::TimeZone),
}

impl Zone {
    /// The zone of a name, as Go's `time.LoadLocation` finds it.
    pub(crate) fn load(name: &str) -> Option<Self> {
        match name {
            "" | "UTC" | "Local" => Some(Self::Utc),
            name => Self::from_database(name),
        }
    }

    #[cfg(feature = "zones")]
    fn from_database(name: &str) -> Option<Self> {
        let zone = jiff::tz::TimeZoneDatabase::bundled().get(name).ok()?;
        // Go is strict about case, the database is not.
        (zone.iana_name() == Some(name)).then_some(Self::Named(zone))
    }

    #[cfg(not(feature = "zones"))]
    fn from_database(_: &str) -> Option<Self> {
        None
    }

    /// The offset in seconds at a moment, and the short name there.
    pub(crate) fn at(&self, seconds: i64) -> (i32, String) {
        let _ = seconds;
        match self {
            Self::Utc => (0, "UTC".to_owned()),
            Self::Fixed(name, offset) => (*offset, name.clone()),
            #[cfg(feature = "zones")]
            Self::Named(zone) => match jiff::Timestamp::from_second(seconds) {
                Ok(time) => {
                    let info = zone.to_offset_info(time);
                    (info.offset().seconds(), info.abbreviation().to_owned())
                }
                Err(_) => (0, "UTC".to_owned()),
            },
        }
    }

    /// The moment of a date and time in this zone, given as if it were UTC.
    pub(crate) fn to_utc(&self, local: i64) -> i64 {
        let (first, _) = self.at(local);
        let guess = local - i64::from(first);
        let (second, _) = self.at(guess);
        local - i64::from(second)
    }
}
