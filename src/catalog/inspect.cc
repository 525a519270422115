#include "catalog/inspect.h"

#include "absl/strings/str_cat.h"
#include "catalog/snapshot.h"

namespace logi::catalog {

Status dump(io::FileSystem& files, const std::string& path, std::string& out) {
    LOGI_ASSIGN_OR_RETURN(const auto file, files.open(path));
    LOGI_ASSIGN_OR_RETURN(const std::string bytes, file->read(0, file->size()));
    const auto snapshot = decode_snapshot(bytes);
    if (!snapshot.ok()) {
        return Status(snapshot.status().code(),
                      absl::StrCat(path, ": ", snapshot.status().message()));
    }
    absl::StrAppend(&out,
                    "snapshot ",
                    snapshot->number,
                    " writer ",
                    snapshot->writer,
                    " written ",
                    snapshot->written_at.ns,
                    "\n");
    for (const auto& [journal, position] : snapshot->positions) {
        absl::StrAppend(&out, "journal ", journal, " position ", position, "\n");
    }
    std::uint64_t rows = 0;
    for (const auto& s : snapshot->segments) {
        rows += s.rows;
        absl::StrAppend(&out,
                        "segment ",
                        s.key,
                        " level ",
                        s.level,
                        " rows ",
                        s.rows,
                        " streams ",
                        s.streams,
                        " line_bytes ",
                        s.line_bytes,
                        " size_bytes ",
                        s.size_bytes,
                        " min_time ",
                        s.min_time.ns,
                        " max_time ",
                        s.max_time.ns,
                        " deletes_applied_on ",
                        s.deletes_applied_on,
                        "\n");
    }
    for (const auto& replaced : snapshot->replaced) {
        absl::StrAppend(
            &out, "replaced ", replaced.key, " by_snapshot ", replaced.replaced_by, "\n");
    }
    for (const auto& d : snapshot->deletes) {
        absl::StrAppend(&out,
                        "delete ",
                        d.id,
                        d.pending() ? d.due() ? " due" : " hides" : " processed",
                        " query ",
                        d.query,
                        " first ",
                        d.first.ns,
                        " last ",
                        d.last.ns,
                        " created ",
                        d.created_at.ns,
                        " made_on ",
                        d.made_on,
                        " due_on ",
                        d.due_on,
                        " processed ",
                        d.processed_at.ns,
                        " arrived");
        for (const auto& [journal, position] : d.arrived) {
            absl::StrAppend(&out, " ", journal, ":", position);
        }
        out.push_back('\n');
    }
    absl::StrAppend(&out, "segments ", snapshot->segments.size(), " rows ", rows, "\n");
    return absl::OkStatus();
}

}  // namespace logi::catalog
