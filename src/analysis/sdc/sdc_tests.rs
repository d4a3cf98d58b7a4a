use super::*;

/// A table with its sums: rows, then the total of each row; last the total of each column and of all.
fn table(profile: Profile, rows: &[&[u64]]) -> Problem {
    let mut problem = Problem::new(profile);
    let width = rows[0].len();
    let mut grid: Vec<Vec<u64>> =
        rows.iter().map(|row| row.iter().copied().chain([row.iter().sum()]).collect()).collect();
    grid.push((0..=width).map(|column| grid.iter().map(|row| row[column]).sum()).collect());
    for (r, row) in grid.iter().enumerate() {
        for (c, value) in row.iter().enumerate() {
            problem.cell(Cell::new(format!("{r},{c}"), *value)).unwrap();
        }
    }
    let at = |r: usize, c: usize| r * (width + 1) + c;
    for r in 0..grid.len() {
        problem.sum(at(r, width), &(0..width).map(|c| at(r, c)).collect::<Vec<_>>()).unwrap();
    }
    for c in 0..=width {
        problem.sum(at(rows.len(), c), &(0..rows.len()).map(|r| at(r, c)).collect::<Vec<_>>()).unwrap();
    }
    problem
}

fn hidden(problem: &Problem, protection: &Protection) -> Vec<String> {
    let cells = problem.cells.iter().enumerate().filter(|(at, _)| protection.is_hidden(*at));
    cells.map(|(_, cell)| cell.key.clone()).collect()
}

/// Attacks what is printed, also in whole numbers, and checks property 1 of every hidden cell.
fn stands(problem: &Problem, protection: &Protection) {
    let facts = Facts::of(problem, protection).unwrap();
    for whole in [false, true] {
        for (at, found) in attack(&facts, whole).unwrap().iter().enumerate() {
            let cell = &problem.cells[at];
            let needs = protection.is_hidden(at) || problem.is_primary(at);
            if needs && !protection.given_away.contains(&at) {
                assert!(found.is_at_least(problem.profile.width()), "{} = {}: {found:?}", cell.key, cell.value);
            }
            let value = i64::try_from(cell.value).unwrap();
            assert!(found.low <= value && found.high.is_none_or(|high| value <= high), "{}: {found:?}", cell.key);
            if problem.is_primary(at) {
                assert!(found.low < i64::try_from(problem.profile.threshold).unwrap());
            }
        }
    }
}

#[test]
fn a_block_is_hidden_around_a_small_cell_and_stays_between_0_and_12() {
    let problem = table(Profile::jersey(5), &[&[3, 12, 20], &[9, 15, 8]]);
    let protection = protect(&problem);
    let gone = hidden(&problem, &protection);
    assert_eq!(gone.len(), 4, "{gone:?}");
    assert!(gone.contains(&"0,0".to_owned()));
    stands(&problem, &protection);
    let log = &protection.log;
    assert_eq!((log.cells, log.primary, log.complementary, log.given_away), (12, 1, 3, 0));
    assert_eq!((log.profile.as_str(), log.threshold), ("jersey-public-v1", 5));
    // The 2 × 2 block of the first two columns leaves 3 between 0 and 12.
    let block = printed_but(&problem, &["0,0", "0,1", "1,0", "1,1"]);
    let found = attack(&Facts::of(&problem, &block).unwrap(), false).unwrap();
    assert_eq!((found[0].low, found[0].high), (0, Some(12)));
}

/// Everything printed but some cells.
fn printed_but(problem: &Problem, keys: &[&str]) -> Protection {
    let mut protection = protect(problem);
    protection.cells = problem
        .cells
        .iter()
        .map(|cell| Some(if keys.contains(&cell.key.as_str()) { Shown::Hidden } else { Shown::Value(cell.value) }))
        .collect();
    protection
}

#[test]
fn one_hidden_cell_or_three_in_a_corner_are_recovered() {
    let problem = table(Profile::jersey(5), &[&[3, 12, 20], &[9, 15, 8]]);
    for keys in [&["0,0"][..], &["0,0", "0,1", "1,0"]] {
        let found = attack(&Facts::of(&problem, &printed_but(&problem, keys)).unwrap(), false).unwrap();
        assert_eq!((found[0].low, found[0].high), (3, Some(3)), "{keys:?}");
    }
}

#[test]
fn round5_rounds_from_true_numbers() {
    let round5 = |count| Profile::round5().shown(count, true).text();
    assert_eq!([0, 1, 7, 8, 12, 13, 17, 18].map(round5), ["0", "[c]", "[c]", "10", "10", "15", "15", "20"]);
    // Three twelves make 36, which is 35; three rounded twelves would make 30.
    let problem = table(Profile::round5(), &[&[12, 12, 12], &[8, 13, 3]]);
    let protection = protect(&problem);
    assert_eq!(protection.cells[3], Some(Shown::Rounded(35)));
    assert_eq!(protection.cells[6], Some(Shown::Hidden));
    stands(&problem, &protection);
}

#[test]
fn rounding_hides_a_total_that_would_give_the_small_ones_away() {
    // Twelve cells of 1 make 12, printed as 10, which is 12 at most: no cell could be more than 1.
    let problem = table(Profile::round5(), &[&[1; 12]]);
    let protection = protect(&problem);
    stands(&problem, &protection);
    assert!(protection.log.complementary > 0);
}

#[test]
fn the_year_to_date_does_not_give_a_month_away() {
    let months = [40_u64, 38, 3, 44];
    let mut problem = Problem::new(Profile::jersey(5));
    let month: Vec<usize> =
        months.iter().enumerate().map(|(m, n)| problem.cell(Cell::new(format!("m{m}"), *n)).unwrap()).collect();
    let mut sofar = month[0];
    for m in 1..4 {
        let ytd = problem.cell(Cell::new(format!("ytd{m}"), months[..=m].iter().sum())).unwrap();
        problem.sum(ytd, &[sofar, month[m]]).unwrap();
        sofar = ytd;
    }
    // The third edition: the first two were published.
    let first = Published {
        cells: [("m0", 40), ("m1", 38), ("ytd1", 78)].map(|(key, n)| (key.to_owned(), Shown::Value(n))).into(),
        ..Published::default()
    };
    problem.remember(&[first]);
    let protection = protect(&problem);
    let gone = hidden(&problem, &protection);
    assert_eq!(gone, ["m2", "m3", "ytd2"], "March, the year to March and April, not the year to April: {gone:?}");
    stands(&problem, &protection);
}

#[test]
fn what_is_out_cannot_be_taken_back_and_is_named() {
    let mut problem = Problem::new(Profile::jersey(5));
    let (a, b, all) = (
        problem.cell(Cell::new("a", 3)).unwrap(),
        problem.cell(Cell::new("b", 9)).unwrap(),
        problem.cell(Cell::new("all", 12)).unwrap(),
    );
    problem.sum(all, &[a, b]).unwrap();
    let shown = |key: &str, n| (key.to_owned(), Shown::Value(n));
    problem.remember(&[Published { cells: [shown("b", 9), shown("all", 12)].into(), ..Published::default() }]);
    let protection = protect(&problem);
    assert_eq!(protection.given_away, [a]);
    assert!(protection.is_hidden(a));
    assert_eq!(protection.log.given_away, 1);
}

#[test]
fn a_printed_percentage_gives_no_small_numerator_away() {
    // 3 of 60 are 5.0%: 5.0% of 60 is 3. The numerator stands nowhere, the percentage would.
    let share = |part: u64| {
        let mut problem = Problem::new(Profile::jersey(5));
        let top = problem.cell(Cell::new("part", part).unprinted()).unwrap();
        let rest = problem.cell(Cell::new("rest", 60 - part).unprinted()).unwrap();
        let all = problem.cell(Cell::new("all", 60)).unwrap();
        problem.sum(all, &[top, rest]).unwrap();
        problem.share(Share { key: "share".into(), part: top, whole: all, decimals: 1 }).unwrap();
        let protection = protect(&problem);
        stands(&problem, &protection);
        protection.shares[0]
    };
    assert_eq!((share(3), share(57)), (None, None));
    assert_eq!(share(30), Some(Percent { units: 500, decimals: 1 }));
}

#[test]
fn nought_is_kept_unless_readers_know_better() {
    let mut problem = table(Profile::jersey(5), &[&[0, 12, 20], &[9, 15, 8]]);
    assert!(hidden(&problem, &protect(&problem)).is_empty());
    problem.cells[0].disclosive_zero = true;
    let protection = protect(&problem);
    assert!(protection.is_hidden(0));
    stands(&problem, &protection);
}

#[test]
fn a_lone_small_row_takes_its_totals_with_it() {
    let problem = table(Profile::jersey(5), &[&[3], &[0], &[0]]);
    let protection = protect(&problem);
    stands(&problem, &protection);
    assert!(protection.given_away.is_empty());
    // With one column of 3 and 40 all others are noughts: the only way is the total.
    let problem = table(Profile::jersey(5), &[&[3, 0, 0], &[0, 40, 60]]);
    let protection = protect(&problem);
    stands(&problem, &protection);
    assert!(protection.given_away.is_empty());
}
