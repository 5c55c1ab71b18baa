"""The folder /mnt/data: puts the files of a conversation there, and finds what a call made or changed."""

import os
import stat


class DataFiles:
    def __init__(self, folder, count, total_bytes):
        self.folder, self.count, self.total_bytes = folder, count, total_bytes

    def put(self, identifier, name, pieces):
        """Writes a file under its id, and its name where that is free. The pieces are taken to the end even when the disk is full."""
        path = os.path.join(self.folder, identifier)
        problem = None
        target = None
        try:
            target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            problem = error.strerror
        for piece in pieces:
            if piece is None:
                problem = problem or "it could not be read from the server's store"
            if problem is not None:
                continue
            try:
                while piece:
                    piece = piece[os.write(target, piece) :]
            except OSError as error:
                problem = error.strerror
        if target is not None:
            os.close(target)
            if problem is not None:
                os.unlink(path)
            elif name != identifier:
                try:
                    os.link(path, os.path.join(self.folder, name), follow_symlinks=False)
                except OSError:
                    pass  # taken by another file, or no name for a file: the id still leads to it
        return problem

    def look(self):
        """The regular files right in the folder: name, and what changes when they do."""
        seen = {}
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                info = os.lstat(os.path.join(self.folder, entry.name))
                if stat.S_ISREG(info.st_mode):
                    seen[entry.name] = (info.st_ino, info.st_size, info.st_mtime_ns, info.st_mode)
        return seen

    def changed(self, before, identifiers, used_count, used_bytes):
        """Gives (names with sizes to hand over, names left out). Of two names of one file the one that is no id counts."""
        by_file = {}
        for name, mark in self.look().items():
            if before.get(name) == mark or not is_presentable(name):
                continue
            other = by_file.get(mark[0])
            if other is None or other[0] in identifiers:
                by_file[mark[0]] = (name, mark[1])
        kept, left_out = [], []
        for name, size in sorted(by_file.values()):
            if len(kept) + used_count >= self.count or used_bytes + size > self.total_bytes:
                left_out.append(name)
            else:
                kept.append((name, size))
                used_bytes += size
        return kept, left_out


def is_presentable(name):
    try:
        return len(name.encode()) <= 255 and name.isprintable()
    except UnicodeEncodeError:
        return False
