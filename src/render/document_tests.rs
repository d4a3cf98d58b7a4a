use super::*;

/// The synthetic document of the tests: a figure, its table, shorthand, a long table, hard characters.
pub(in crate::render) fn sample() -> Document {
    Document::from_json(include_bytes!("../../tests/reference/document.json")).unwrap()
}

fn first_table(document: &mut Document) -> &mut Table {
    let block = document.chapters[0].blocks.iter_mut().find(|block| matches!(block, Block::Table(_))).unwrap();
    match block {
        Block::Table(table) => table,
        _ => unreachable!(),
    }
}

#[test]
fn the_sample_is_sound_and_its_form_on_disk_is_stable() {
    let document = sample();
    document.check().unwrap();
    let bytes = document.to_json().unwrap();
    assert_eq!(Document::from_json(&bytes).unwrap(), document);
    assert_eq!(Document::from_json(&bytes).unwrap().to_json().unwrap(), bytes);
    assert!(document.figures().count() >= 2 && document.tables().count() >= 3);
}

#[test]
fn what_no_writer_can_write_well_is_named() {
    let refuses = |change: &dyn Fn(&mut Document), word: &str| {
        let mut document = sample();
        change(&mut document);
        let error = document.check().unwrap_err();
        assert!(error.message().contains(word), "{word}: {}", error.message());
    };
    refuses(&|d| d.notes.clear(), "not explained");
    refuses(&|d| d.chapters[1].id = d.chapters[0].id.clone(), "twice");
    refuses(&|d| first_table(d).rows[0].truncate(1), "number of cells");
    refuses(&|d| first_table(d).rows[0][1] = Cell::number(f64::NAN, "x"), "finite");
    refuses(&|d| first_table(d).rows[0][1] = Cell::number(0.5, "51.0%"), "not its value");
    refuses(&|d| first_table(d).rows[0][1] = Cell::text("many"), "kind");
    refuses(&|d| first_table(d).id = "Sheet 1".into(), "table id");
    refuses(&|d| d.chapters[0].blocks.retain(|b| !matches!(b, Block::Table(_))), "followed by its table");
    refuses(&|d| d.title.clear(), "title");
    refuses(&|d| d.chapters[1].title = " ".into(), "no title");
    refuses(&|d| d.force.push('\u{7}'), "control character");
    let deep = Block::Heading { level: 4, id: "deep".into(), text: "Deep".into() };
    refuses(&|d| d.chapters[0].blocks.insert(0, deep.clone()), "follows one of level 2");
}

#[test]
fn only_the_last_rows_are_in_the_text() {
    let mut document = sample();
    let table = first_table(&mut document);
    let all = table.rows.len();
    table.in_text = Some(2);
    assert_eq!((table.split().0.len(), table.split().1.len()), (all - 2, 2));
    table.in_text = Some(all + 5);
    assert_eq!((table.split().0.len(), table.split().1.len()), (0, all));
}
