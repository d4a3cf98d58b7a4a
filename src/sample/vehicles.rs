//! The synthetic fleet: plates that were never issued, who commutes along which corridor and when.

use super::calendar::DAY_S;
use super::cameras::{CORRIDORS, HARBOUR};
use super::random::Stream;

/// Where a plate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlateClass {
    /// `J9` and five digits.
    Jersey,
    /// `ZZ` and the pattern of Great Britain: `ZZ` was never issued.
    GreatBritain,
    /// `SS` and the pattern of France: `SS` is not issued.
    France,
    /// `SYN` and a number.
    Other,
}

impl PlateClass {
    /// Code in the file.
    pub fn code(self) -> &'static str {
        match self {
            PlateClass::Jersey => "jersey",
            PlateClass::GreatBritain => "gb",
            PlateClass::France => "fr",
            PlateClass::Other => "other",
        }
    }
}

/// A plate, made of a class and a number.
#[derive(Debug, Clone, Copy)]
pub struct Plate {
    /// Class.
    pub class: PlateClass,
    /// Number within the class, below 100,000.
    pub number: u32,
}

impl Plate {
    /// Its letters and digits.
    pub fn text(self) -> String {
        const LETTERS: &[u8; 20] = b"ABCDEFGHJKLMNPRSTUVW";
        let letter = |n: u32| char::from(LETTERS[n as usize % 20]);
        let n = self.number;
        match self.class {
            PlateClass::Jersey => format!("J9{n:05}"),
            PlateClass::GreatBritain => {
                format!("ZZ{:02}{}{}{}", n % 100, letter(n / 100), letter(n / 2000), letter(n / 40_000))
            }
            PlateClass::France => format!("SS{:03}{}{}", n % 1000, letter(n / 1000), letter(n / 20_000)),
            PlateClass::Other => format!("SYN{n:05}"),
        }
    }
}

/// One vehicle of the fleet.
#[derive(Debug, Clone, Copy)]
pub struct Vehicle {
    /// Plate.
    pub plate: Plate,
    /// Corridor it lives on.
    pub corridor: usize,
    /// Second of the day it usually drives in.
    pub leaves_s: i64,
    /// Second of the day it usually drives back.
    pub returns_s: i64,
    /// Days on the island, first and after the last, counted from the start; all of them for residents.
    pub here: (u32, u32),
}

/// Draws the fleet: 96 % residents, the rest visitors who come and go by the harbour within the days.
pub fn fleet(count: usize, days: u32, stream: &mut Stream) -> Vec<Vehicle> {
    let weights: Vec<f64> = CORRIDORS.iter().map(|c| c.1).collect();
    let hour = |h: f64| (h * 3600.0) as i64;
    (0..count)
        .map(|index| {
            let class = match stream.weighted(&[96.0, 2.3, 1.4, 0.3]) {
                0 => PlateClass::Jersey,
                1 => PlateClass::GreatBritain,
                2 => PlateClass::France,
                _ => PlateClass::Other,
            };
            let resident = class == PlateClass::Jersey;
            let arrives = stream.below(days.max(1) as usize) as u32;
            let stays = 2 + stream.below(6) as u32;
            Vehicle {
                plate: Plate { class, number: (index % 99_900) as u32 },
                corridor: if resident { stream.weighted(&weights) } else { HARBOUR },
                leaves_s: (hour(7.9) + (stream.normal() * 2700.0) as i64).clamp(hour(5.0), hour(12.0)),
                returns_s: (hour(17.3) + (stream.normal() * 4000.0) as i64).clamp(hour(13.0), DAY_S - 3000),
                here: if resident { (0, days) } else { (arrives, arrives + stays) },
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plates_are_recognisably_synthetic() {
        let text = |class, number| Plate { class, number }.text();
        assert_eq!(text(PlateClass::Jersey, 42), "J900042");
        assert!(text(PlateClass::GreatBritain, 4321).starts_with("ZZ"));
        assert!(text(PlateClass::France, 4321).starts_with("SS"));
    }
}
