"""What can be wrong with a file."""

from __future__ import annotations

from asimati.kit.errors import Conflict, Refusal
from asimati.kit.words import _


class FileTooLarge(Refusal):
    slug = "file-too-large"
    title = _("The file is too large")
    detail = _("A file may have at most {megabytes} MB.")
    says = {"megabytes": "the most a file may have"}


class FileTypeRefused(Refusal):
    """By its content; what its name says does not count."""

    slug = "file-type-refused"
    title = _("This kind of file is not accepted")
    detail = _("Send a photograph (JPEG, HEIC, PNG, WebP) or a PDF.")


class FileUnreadable(Refusal):
    slug = "file-unreadable"
    title = _("The file cannot be read")
    detail = _("It is damaged, or it holds something else besides. Make it anew and send it again.")


class ImageTooLarge(Refusal):
    slug = "image-too-large"
    title = _("The picture has too many pixels")
    detail = _("A picture may have at most {megapixels} million pixels.")
    says = {"megapixels": "the most a picture may have"}


class TooManyFiles(Conflict):
    slug = "too-many-files"
    title = _("There are too many files here")
    detail = _("At most {most} files are kept here. Remove one first.")
    says = {"most": "how many"}


class FilePending(Conflict):
    slug = "file-pending"
    title = _("The file is being checked")
    detail = _("It can be opened as soon as it was found clean. Try again shortly.")


class FileInfected(Conflict):
    slug = "file-infected"
    title = _("The file was dangerous and is gone")
    detail = _("The check found harmful content in it. Send a clean copy.")
