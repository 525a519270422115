#include "journal/inspect.h"

#include "absl/strings/str_cat.h"
#include "journal/journal_reader.h"

namespace logi::journal {

Status dump(io::FileSystem& files, const std::string& path, std::string& out) {
    LOGI_ASSIGN_OR_RETURN(const auto reader, JournalReader::open(files, path));
    const FileHeader& h = reader->header();
    absl::StrAppend(&out,
                    "journal ",
                    h.journal,
                    " format ",
                    kFormatVersion,
                    " previous ",
                    h.previous_journal,
                    " previous_bytes ",
                    h.previous_bytes,
                    "\n");
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    while (true) {
        LOGI_ASSIGN_OR_RETURN(const auto record, reader->next());
        if (!record) {
            break;
        }
        ++records;
        bytes += record->payload.size();
        absl::StrAppend(&out,
                        "record position ",
                        record->position,
                        " offset ",
                        record->offset,
                        " bytes ",
                        record->payload.size(),
                        "\n");
    }
    absl::StrAppend(&out,
                    "records ",
                    records,
                    " payload_bytes ",
                    bytes,
                    " damaged_bytes ",
                    reader->damaged_bytes(),
                    " torn_bytes ",
                    reader->torn_bytes(),
                    "\n");
    if (reader->damaged_bytes() > 0) {
        return absl::DataLossError(absl::StrCat(path,
                                                ": ",
                                                reader->damaged_bytes(),
                                                " damaged bytes, the first at offset ",
                                                reader->damage_offset()));
    }
    return absl::OkStatus();
}

}  // namespace logi::journal
