//! Reading the row groups of table files on all cores.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use deltalake_core::parquet::arrow::ProjectionMask;
use deltalake_core::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use deltalake_core::parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};

use super::disk;
use super::table_file::{READ_ROWS, unreadable};
use crate::error::Result;

/// A table file with its footer, to read parts of.
#[derive(Debug, Clone)]
pub(super) struct TableFile {
    path: PathBuf,
    footer: ArrowReaderMetadata,
}

/// One row group of some files.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    /// Number of the file.
    pub file: usize,
    /// Number of the group in it.
    pub number: usize,
    /// Number of its first row in the file.
    pub first: u32,
    /// Its rows.
    pub rows: u32,
}

impl TableFile {
    /// Opens a file and reads its footer.
    pub fn open(path: &Path) -> Result<Self> {
        // Pages are found again when chunks are copied; nothing else of the index is used.
        let options = ArrowReaderOptions::new()
            .with_column_index_policy(PageIndexPolicy::Skip)
            .with_offset_index_policy(PageIndexPolicy::Optional)
            .with_encoding_stats_as_mask(false);
        let file = File::open(path).map_err(|e| unreadable(path, e))?;
        let footer = ArrowReaderMetadata::load(&file, options).map_err(|e| unreadable(path, e))?;
        Ok(Self { path: path.to_owned(), footer })
    }

    /// Opens several files.
    pub fn open_all(paths: &[PathBuf]) -> Result<Vec<Self>> {
        disk::on_cores(paths, |path| Self::open(path)).into_iter().collect()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its footer.
    pub fn facts(&self) -> &Arc<ParquetMetaData> {
        self.footer.metadata()
    }

    /// Its row groups; `file` is the number that they bear.
    pub fn groups(&self, file: usize) -> Vec<Group> {
        let mut first = 0;
        let rows = self.facts().row_groups().iter().map(|group| group.num_rows() as u32);
        let group = |(number, rows)| {
            let group = Group { file, number, first, rows };
            first += rows;
            group
        };
        rows.enumerate().map(group).collect()
    }

    /// Rows of one group: columns by their place in the file, all or those of a selection.
    pub fn read(
        &self,
        group: usize,
        columns: &[usize],
        selection: Option<RowSelection>,
    ) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
        let file = File::open(&self.path).map_err(|e| unreadable(&self.path, e))?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.footer.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
        let mut builder = builder.with_row_groups(vec![group]).with_projection(mask).with_batch_size(READ_ROWS);
        if let Some(selection) = selection {
            builder = builder.with_row_selection(selection);
        }
        let reader = builder.build().map_err(|e| unreadable(&self.path, e))?;
        let path = self.path.clone();
        Ok(reader.map(move |batch| batch.map_err(|e| unreadable(&path, e))))
    }

    /// Places of some columns in the file; those that it does not have are left out.
    pub fn places(&self, names: &[&str]) -> Vec<usize> {
        let fields = self.footer.schema().fields();
        fields
            .iter()
            .enumerate()
            .filter(|(_, field)| names.contains(&field.name().as_str()))
            .map(|(at, _)| at)
            .collect()
    }
}

/// Does `work` for every batch of some columns, row group by row group, on all cores, with the number of the batch's first
/// row in its file. Gives the answers in order of file and row.
///
/// # Errors
/// What a file cannot be read for, or what `work` says.
pub(super) fn by_batch<R: Send>(
    files: &[TableFile],
    columns: &[&str],
    work: impl Fn(usize, u32, &RecordBatch) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let groups: Vec<Group> = files.iter().enumerate().flat_map(|(number, file)| file.groups(number)).collect();
    let answers = disk::on_cores(&groups, |group| {
        let file = &files[group.file];
        let mut row = group.first;
        let mut answers = Vec::new();
        for batch in file.read(group.number, &file.places(columns), None)? {
            let batch = batch?;
            answers.push(work(group.file, row, &batch)?);
            row += batch.num_rows() as u32;
        }
        Ok(answers)
    });
    let answers: Vec<Vec<R>> = answers.into_iter().collect::<Result<_>>()?;
    Ok(answers.into_iter().flatten().collect())
}
