//! Scheduling without a daemon, as texts: systemd user units, or a marked region of the crontab, as `git maintenance start`
//! writes them.

use std::fmt;

use super::text::shell_word;

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// A divisor of 60.
    Minutes(u32),
    /// A divisor of 24.
    Hours(u32),
    Day,
    Week,
}

impl Every {
    /// Reads `15m`, `2h`, `hourly`, `daily`, `weekly`. Only what a calendar can repeat without gaps is accepted.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is not an interval: use 5m, 10m, 15m, 20m, 30m, hourly, 2h, 3h, 4h, 6h, 8h, 12h, daily or weekly"
            )
        };
        let number = |suffix: char| text.strip_suffix(suffix).and_then(|digits| digits.parse::<u32>().ok());
        match (text, number('m'), number('h')) {
            ("hourly", ..) | (_, Some(60), _) => Ok(Self::Hours(1)),
            ("daily", ..) | (_, _, Some(24)) => Ok(Self::Day),
            ("weekly", ..) => Ok(Self::Week),
            (_, Some(minutes), _) if minutes >= 5 && 60 % minutes == 0 => Ok(Self::Minutes(minutes)),
            (_, _, Some(hours)) if (1..24).contains(&hours) && 24 % hours == 0 => Ok(Self::Hours(hours)),
            _ => Err(wrong()),
        }
    }

    /// The five fields of a crontab line. `offset` is a random minute of the week, so that not all of a forge's users call
    /// at the full hour.
    pub fn cron(self, offset: u32) -> String {
        let (minute, hour, day) = split(offset);
        match self {
            Self::Minutes(step) => {
                let minutes: Vec<String> = (0..60 / step).map(|k| (minute % step + k * step).to_string()).collect();
                format!("{} * * * *", minutes.join(","))
            }
            Self::Hours(1) => format!("{minute} * * * *"),
            Self::Hours(step) => {
                let hours: Vec<String> = (0..24 / step).map(|k| (hour % step + k * step).to_string()).collect();
                format!("{minute} {} * * *", hours.join(","))
            }
            Self::Day => format!("{minute} {hour} * * *"),
            Self::Week => format!("{minute} {hour} * * {day}"),
        }
    }

    /// systemd's `OnCalendar=`, at the same moments as [`Every::cron`].
    pub fn calendar(self, offset: u32) -> String {
        const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
        let (minute, hour, day) = split(offset);
        match self {
            Self::Minutes(step) => format!("*-*-* *:{}/{step}:00", minute % step),
            Self::Hours(1) => format!("*-*-* *:{minute:02}:00"),
            Self::Hours(step) => format!("*-*-* {}/{step}:{minute:02}:00", hour % step),
            Self::Day => format!("*-*-* {hour:02}:{minute:02}:00"),
            Self::Week => format!("{} *-*-* {hour:02}:{minute:02}:00", DAYS[day as usize % DAYS.len()]),
        }
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minutes(step) => write!(f, "{step}m"),
            Self::Hours(1) => f.write_str("hourly"),
            Self::Hours(step) => write!(f, "{step}h"),
            Self::Day => f.write_str("daily"),
            Self::Week => f.write_str("weekly"),
        }
    }
}

fn split(offset: u32) -> (u32, u32, u32) {
    (offset % 60, offset / 60 % 24, offset / 1440 % 7)
}

/// What is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Full path of git.
    pub git: String,
    /// `PATH` for the job: cron's own is too short to find `git-burn`.
    pub path: String,
    /// Arguments after `git burn`, such as `next` or `sprint --limit 3`.
    pub command: Vec<String>,
    /// Seconds after which the whole run is ended.
    pub limit_seconds: u64,
}

impl Job {
    /// The command line for all repositories in `burn.repo`, one run at a time in each; never asks for a password.
    fn words(&self) -> Vec<String> {
        let fixed = ["-c", "credential.interactive=false", "-c", "core.askPass=true"];
        let all = ["for-each-repo", "--keep-going", "--config=burn.repo", "burn", "--alone"];
        let start = std::iter::once(self.git.as_str()).chain(fixed).chain(all).map(str::to_owned);
        start.chain(self.command.iter().cloned()).collect()
    }
}

const BEGIN: &str = "# BEGIN GIT-BURN SCHEDULE";
const END: &str = "# END GIT-BURN SCHEDULE";

/// The marked region of a crontab.
pub fn crontab_region(job: &Job, every: Every, offset: u32) -> String {
    let command = job.words().iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ");
    // A percent sign is a line end in a crontab.
    let line = format!("PATH={} timeout {} {command}", shell_word(&job.path), job.limit_seconds).replace('%', "\\%");
    format!(
        "{BEGIN}\n# Made by `git burn schedule start --every {every}`; removed by `git burn schedule stop`.\n\
         # Any edits to this region are lost when it is made anew.\n{} {line}\n{END}\n",
        every.cron(offset)
    )
}

/// A crontab with the region replaced, added at the end, or (`None`) taken out; everything else stays byte by byte.
///
/// A region without its end is an error: nobody knows what of it is the user's.
pub fn crontab_with(crontab: &str, region: Option<&str>) -> Result<String, String> {
    let line = |wanted: &str| {
        let mut at = 0;
        crontab.split_inclusive('\n').find_map(|line| {
            at += line.len();
            (line.trim_end() == wanted).then(|| (at - line.len(), at))
        })
    };
    let (before, after) = match (line(BEGIN), line(END)) {
        (None, None) => (crontab, ""),
        (Some((start, _)), Some((_, end))) if start < end => (&crontab[..start], &crontab[end..]),
        (None | Some(_), None | Some(_)) => {
            return Err(format!("the crontab has only one of `{BEGIN}` and `{END}`, or both in the wrong order"));
        }
    };
    let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    Ok(match region {
        Some(region) => format!("{before}{gap}{region}{after}"),
        None => format!("{before}{after}"),
    })
}

/// The line of the region that says when; `None`: nothing is scheduled.
pub fn scheduled_line(crontab: &str) -> Option<&str> {
    let region = crontab.split_once(BEGIN)?.1.split_once(END)?.0;
    region.lines().find(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Name of the units, without `.service` and `.timer`.
pub const UNIT: &str = "git-burn";

/// `git-burn.service`.
pub fn systemd_service(job: &Job) -> String {
    let command = job.words().iter().map(|word| systemd(word)).collect::<Vec<_>>().join(" ");
    format!(
        "# Made by `git burn schedule start`; removed by `git burn schedule stop`.\n\
         [Unit]\n\
         Description=Work on the issues of the repositories in burn.repo\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         Environment={}\n\
         ExecStart={command}\n\
         TimeoutStartSec={}\n\
         KillMode=mixed\n\
         Nice=10\n\
         LockPersonality=yes\n\
         RestrictRealtime=yes\n",
        systemd(&format!("PATH={}", job.path)),
        job.limit_seconds
    )
}

/// `git-burn.timer`.
pub fn systemd_timer(every: Every, offset: u32) -> String {
    format!(
        "# Made by `git burn schedule start --every {every}`; removed by `git burn schedule stop`.\n\
         [Unit]\n\
         Description=Work on issues: {every}\n\
         \n\
         [Timer]\n\
         OnCalendar={}\n\
         Persistent=true\n\
         \n\
         [Install]\n\
         WantedBy=timers.target\n",
        every.calendar(offset)
    )
}

/// A word for a unit file: quoted, with specifiers and variables switched off.
fn systemd(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> Job {
        let command = vec!["next".to_owned(), "--label".to_owned(), "50% off".to_owned()];
        Job { git: "/usr/bin/git".into(), path: "/home/ada/.cargo/bin:/usr/bin".into(), command, limit_seconds: 1800 }
    }

    #[test]
    fn intervals_are_those_that_a_calendar_repeats_without_gaps() {
        let offset = 7 * 60 + 37 + 2 * 1440;
        for (text, cron, calendar) in [
            ("15m", "7,22,37,52 * * * *", "*-*-* *:7/15:00"),
            ("hourly", "37 * * * *", "*-*-* *:37:00"),
            ("6h", "37 1,7,13,19 * * *", "*-*-* 1/6:37:00"),
            ("daily", "37 7 * * *", "*-*-* 07:37:00"),
            ("weekly", "37 7 * * 2", "Tue *-*-* 07:37:00"),
        ] {
            let every = Every::parse(text).unwrap();
            assert_eq!((every.cron(offset).as_str(), every.calendar(offset).as_str()), (cron, calendar));
            assert_eq!(every.to_string(), text);
        }
        for text in ["7m", "0m", "1m", "5h", "0h", "25h", "soon", "", "-5m"] {
            assert!(Every::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_region_is_replaced_and_the_users_lines_stay() {
        let region = crontab_region(&job(), Every::Minutes(30), 5);
        expect_test::expect![[r"
            # BEGIN GIT-BURN SCHEDULE
            # Made by `git burn schedule start --every 30m`; removed by `git burn schedule stop`.
            # Any edits to this region are lost when it is made anew.
            5,35 * * * * PATH=/home/ada/.cargo/bin:/usr/bin timeout 1800 /usr/bin/git -c credential.interactive=false -c core.askPass=true for-each-repo --keep-going --config=burn.repo burn --alone next --label '50\% off'
            # END GIT-BURN SCHEDULE
        "]]
        .assert_eq(&region);
        let mine = "MAILTO=ada\n0 1 * * * backup"; // no line end
        let with = crontab_with(mine, Some(&region)).unwrap();
        assert!(with.starts_with("MAILTO=ada\n0 1 * * * backup\n# BEGIN"));
        assert!(scheduled_line(&with).unwrap().starts_with("5,35 "));
        let both = format!("{with}# after\n");
        assert_eq!(crontab_with(&both, Some(&region)).unwrap(), both);
        assert_eq!(crontab_with(&both, None).unwrap(), "MAILTO=ada\n0 1 * * * backup\n# after\n");
        assert_eq!(crontab_with(mine, None).unwrap(), mine);
        assert!(crontab_with("# BEGIN GIT-BURN SCHEDULE\n0 1 * * * backup\n", None).is_err());
        assert_eq!(scheduled_line(mine), None);
    }

    #[test]
    fn units_are_one_shot_persistent_and_quoted() {
        expect_test::expect![[r#"
            # Made by `git burn schedule start`; removed by `git burn schedule stop`.
            [Unit]
            Description=Work on the issues of the repositories in burn.repo

            [Service]
            Type=oneshot
            Environment="PATH=/home/ada/.cargo/bin:/usr/bin"
            ExecStart="/usr/bin/git" "-c" "credential.interactive=false" "-c" "core.askPass=true" "for-each-repo" "--keep-going" "--config=burn.repo" "burn" "--alone" "next" "--label" "50%% off"
            TimeoutStartSec=1800
            KillMode=mixed
            Nice=10
            LockPersonality=yes
            RestrictRealtime=yes
        "#]]
        .assert_eq(&systemd_service(&job()));
        let timer = systemd_timer(Every::Minutes(15), 3);
        assert!(timer.contains("OnCalendar=*-*-* *:3/15:00\nPersistent=true\n"), "{timer}");
    }
}
