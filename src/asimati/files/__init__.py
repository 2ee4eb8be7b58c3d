"""Files people hand in: photographs and PDFs, kept on disk or in any S3-compatible store.

A feature keeps them beside its own thing, and decides itself who sees them:

    from asimati.files import actions as files, queries as kept, serving

    @blp.post("/things/<uuid:thing_id>/files", who=…, uploads=True, gives=serving.FileOut, status=201,
              refuses=serving.REFUSALS)
    def attach(tx, actor, upload, thing_id):
        thing = …                                  # locked, and the actor's to see; else NotFound
        return files.keep(tx, actor, upload, ("thing", thing.id), person=thing.person_id)

    @blp.get("/things/<uuid:thing_id>/files/<uuid:file_id>", who=…)
    def read(tx, actor, thing_id, file_id):
        thing = …
        return serving.answer(kept.one(tx, ("thing", thing.id), file_id))

Where the lock is a busy one, `files.prepare(tx, upload)` before it does the slow part, and `keep` takes its answer.
`kept.of(tx, ("thing", id))` lists them. `files.remove` takes one away; a thing that is erased takes its files along
by `files.remove_all`. What no row names any more is swept from the store a day later.
"""
