//! Table files that last: the local object store, with a wait for the disk after each write.
//!
//! DataFusion and Delta are on `object_store` 0.13, whose local store returns once the bytes are in the system's
//! memory: after a power cut a commit that was told to be there can be gone, or there and empty. Drop this file when
//! they are on 0.14, which can sync by itself.

use std::fmt::{self, Display};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use deltalake_core::logstore::object_store::local::LocalFileSystem;
use deltalake_core::logstore::object_store::path::Path;
use deltalake_core::logstore::object_store::{
    self, CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, UploadPart,
};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::BoxStream;

use super::control::StoredFile;
use super::disk;

type Answer<T> = object_store::Result<T>;

/// The files written through a [`Durable`], all of them on the disk: what the store notes with its commit.
#[derive(Debug, Clone, Default)]
pub(super) struct Written(Arc<Mutex<Vec<StoredFile>>>);

impl Written {
    /// Files since the last call. One that was removed again in between is among them.
    pub fn take(&self) -> Vec<StoredFile> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, file: StoredFile) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.retain(|known| known.path != file.path);
        files.push(file);
    }
}

/// The local file system as an object store, whose writes return once they are on the disk.
#[derive(Debug, Clone)]
pub(super) struct Durable {
    inner: LocalFileSystem,
    /// Folder of the vigie store.
    root: PathBuf,
    written: Written,
}

impl Durable {
    /// Over the whole file system, as Delta wants it; `root` is the absolute folder of the vigie store.
    pub fn new(root: PathBuf, written: Written) -> Self {
        Self { inner: LocalFileSystem::new(), root, written }
    }

    /// Makes the folder of a file to come, so that it lasts too.
    fn prepare(&self, location: &Path) -> Answer<PathBuf> {
        let path = self.inner.path_to_filesystem(location)?;
        if let Some(folder) = path.parent() {
            disk::make_folders(folder).map_err(broken)?;
        }
        Ok(path)
    }

    /// Waits for the disk, and remembers the file.
    async fn settle(&self, path: PathBuf) -> Answer<()> {
        let (root, written) = (self.root.clone(), self.written.clone());
        let waiting = tokio::task::spawn_blocking(move || {
            disk::sync_file(&path)?;
            let from_root = path
                .strip_prefix(&root)
                .map_err(|_| io::Error::other("a table file outside of the store"))?
                .to_str()
                .ok_or_else(|| io::Error::other("a table file whose name is not text"))?
                .replace(std::path::MAIN_SEPARATOR, "/");
            written.add(disk::noted(&root, &from_root)?);
            Ok(())
        });
        waiting.await.map_err(|e| broken(io::Error::other(e)))?.map_err(broken)
    }
}

fn broken(cause: io::Error) -> object_store::Error {
    object_store::Error::Generic { store: "local disk", source: Box::new(cause) }
}

impl Display for Durable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "durable {}", self.inner)
    }
}

// The trait is one of `async_trait`; its methods are written out here as that macro would, which saves naming it.
impl ObjectStore for Durable {
    fn put_opts<'s, 'l, 'f>(
        &'s self,
        location: &'l Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> BoxFuture<'f, Answer<PutResult>>
    where
        's: 'f,
        'l: 'f,
        Self: 'f,
    {
        async move {
            let path = self.prepare(location)?;
            let put = self.inner.put_opts(location, payload, options).await?;
            self.settle(path).await?;
            Ok(put)
        }
        .boxed()
    }

    fn put_multipart_opts<'s, 'l, 'f>(
        &'s self,
        location: &'l Path,
        options: PutMultipartOptions,
    ) -> BoxFuture<'f, Answer<Box<dyn MultipartUpload>>>
    where
        's: 'f,
        'l: 'f,
        Self: 'f,
    {
        async move {
            let path = self.prepare(location)?;
            let inner = self.inner.put_multipart_opts(location, options).await?;
            Ok(Box::new(Upload { inner, path, store: self.clone() }) as Box<dyn MultipartUpload>)
        }
        .boxed()
    }

    fn get_opts<'s, 'l, 'f>(&'s self, location: &'l Path, options: GetOptions) -> BoxFuture<'f, Answer<GetResult>>
    where
        's: 'f,
        'l: 'f,
        Self: 'f,
    {
        self.inner.get_opts(location, options)
    }

    fn delete_stream(&self, locations: BoxStream<'static, Answer<Path>>) -> BoxStream<'static, Answer<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Answer<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Answer<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    fn list_with_delimiter<'s, 'l, 'f>(&'s self, prefix: Option<&'l Path>) -> BoxFuture<'f, Answer<ListResult>>
    where
        's: 'f,
        'l: 'f,
        Self: 'f,
    {
        self.inner.list_with_delimiter(prefix)
    }

    fn copy_opts<'s, 'from, 'to, 'f>(
        &'s self,
        from: &'from Path,
        to: &'to Path,
        options: CopyOptions,
    ) -> BoxFuture<'f, Answer<()>>
    where
        's: 'f,
        'from: 'f,
        'to: 'f,
        Self: 'f,
    {
        async move {
            let path = self.prepare(to)?;
            self.inner.copy_opts(from, to, options).await?;
            self.settle(path).await
        }
        .boxed()
    }

    fn rename_opts<'s, 'from, 'to, 'f>(
        &'s self,
        from: &'from Path,
        to: &'to Path,
        options: RenameOptions,
    ) -> BoxFuture<'f, Answer<()>>
    where
        's: 'f,
        'from: 'f,
        'to: 'f,
        Self: 'f,
    {
        async move {
            let path = self.prepare(to)?;
            self.inner.rename_opts(from, to, options).await?;
            self.settle(path).await?;
            let left = self.inner.path_to_filesystem(from)?;
            left.parent().map_or(Ok(()), disk::sync_folder).map_err(broken)
        }
        .boxed()
    }
}

/// A file written in parts.
#[derive(Debug)]
struct Upload {
    inner: Box<dyn MultipartUpload>,
    path: PathBuf,
    store: Durable,
}

impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.inner.put_part(data)
    }

    fn complete<'s, 'f>(&'s mut self) -> BoxFuture<'f, Answer<PutResult>>
    where
        's: 'f,
        Self: 'f,
    {
        async move {
            let put = self.inner.complete().await?;
            self.store.settle(self.path.clone()).await?;
            Ok(put)
        }
        .boxed()
    }

    fn abort<'s, 'f>(&'s mut self) -> BoxFuture<'f, Answer<()>>
    where
        's: 'f,
        Self: 'f,
    {
        self.inner.abort()
    }
}

#[cfg(test)]
mod tests {
    use deltalake_core::logstore::object_store::{ObjectStoreExt as _, PutMode};

    use super::*;

    #[tokio::test]
    async fn what_is_written_is_remembered_with_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let written = Written::default();
        let store = Durable::new(root.clone(), written.clone());
        let at = |name: &str| Path::from_absolute_path(root.join(name)).unwrap();
        store.put(&at("new folder/a.json"), "one".into()).await.unwrap();
        let again = store.put_opts(&at("new folder/a.json"), "two".into(), PutMode::Create.into()).await;
        assert!(matches!(again, Err(object_store::Error::AlreadyExists { .. })));
        let mut upload = store.put_multipart(&at("b/c/d.parquet")).await.unwrap();
        upload.put_part("two ".into()).await.unwrap();
        upload.put_part("parts".into()).await.unwrap();
        upload.complete().await.unwrap();
        store.rename(&at("b/c/d.parquet"), &at("e.parquet")).await.unwrap();
        let files = written.take();
        let names: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.bytes)).collect();
        assert_eq!(names, [("new folder/a.json", 3), ("b/c/d.parquet", 9), ("e.parquet", 9)]);
        assert_eq!(files[0].sha256, crate::model::digest::sha256(b"one"));
        assert_eq!(files[2].sha256, crate::model::digest::sha256(b"two parts"));
        assert!(written.take().is_empty());
    }
}
