#include "local/data_folder.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bucket/bucket.h"
#include "catalog/catalog.h"
#include "catalog/names.h"
#include "exec/visible_source.h"
#include "head/generation.h"
#include "ingest/delete_rule.h"
#include "ingest/record.h"
#include "journal/journal.h"
#include "journal/journal_reader.h"
#include "local/segment_file.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

namespace logi::local {
namespace {

// Of a folder that changes.
constexpr int kTriesMax = 20;

std::string bucket_dir(const std::string& path) {
    return path + "/bucket";
}
std::string tenants_dir(const std::string& path) {
    return absl::StrCat(bucket_dir(path), "/", catalog::Catalog::kTenantsFolder);
}
std::string journal_dir(const std::string& path) {
    return path + "/journal";
}

// None where there is no folder.
StatusOr<std::vector<std::string>> list_if_there(io::FileSystem& files, const std::string& dir) {
    auto names = files.list(dir);
    return absl::IsNotFound(names.status()) ? std::vector<std::string>() : std::move(names);
}

// The newest one; without any the tenant has nothing in segments.
StatusOr<catalog::Snapshot> read_snapshot(io::FileSystem& files, const std::string& tenant_dir) {
    const std::string dir = tenant_dir + "/catalog";
    LOGI_ASSIGN_OR_RETURN(const auto names, list_if_there(files, dir));
    std::string newest;
    std::uint64_t number = 0;
    for (const std::string& name : names) {
        if (const std::uint64_t n = catalog::snapshot_number(name); n > number) {
            number = n;
            newest = absl::StrCat(dir, "/", name);
        }
    }
    if (number == 0) {
        return catalog::Snapshot();
    }
    LOGI_ASSIGN_OR_RETURN(const auto file, files.open(newest));
    LOGI_ASSIGN_OR_RETURN(const std::string bytes, file->read(0, file->size()));
    auto snapshot = catalog::decode_snapshot(bytes);
    return snapshot.ok() ? snapshot
                         : StatusOr<catalog::Snapshot>(
                               Status(snapshot.status().code(),
                                      absl::StrCat(newest, ": ", snapshot.status().message())));
}

struct OpenJournal {
    std::uint64_t id = 0;
    std::unique_ptr<journal::JournalReader> reader;  // null: its header is damaged
};

// Oldest first, of each what was acknowledged, as far as the next one tells.
StatusOr<std::vector<OpenJournal>> open_journals(io::FileSystem& files, const std::string& path) {
    const std::string dir = journal_dir(path);
    LOGI_ASSIGN_OR_RETURN(const auto ids, journal::LocalJournal::list(files, dir));
    std::vector<OpenJournal> journals;
    for (const std::uint64_t id : ids) {
        const std::string file = journal::LocalJournal::path_in(dir, id);
        auto reader = journal::JournalReader::open(files, file);
        if (absl::IsDataLoss(reader.status())) {
            LOGI_ASSIGN_OR_RETURN(const auto opened, files.open(file));
            if (opened->size() >= journal::kFileHeaderBytes) {
                journals.push_back({id, nullptr});
            }
            continue;  // else it has just been made
        }
        LOGI_RETURN_IF_ERROR(reader.status());
        const journal::FileHeader& header = (*reader)->header();
        if (!journals.empty() && journals.back().reader != nullptr &&
            header.previous_journal == journals.back().id) {
            journals.back().reader->limit(header.previous_bytes);
        }
        journals.push_back({id, *std::move(reader)});
    }
    return journals;
}

template <typename Take>
Status for_each_record(journal::JournalReader& reader, Take take) {
    while (true) {
        LOGI_ASSIGN_OR_RETURN(const auto record, reader.next());
        if (!record.has_value()) {
            return absl::OkStatus();
        }
        LOGI_ASSIGN_OR_RETURN(const auto decoded, ingest::decode_record(record->payload));
        take(record->position, decoded);
    }
}

// One look at the folder.
class Reading {
  public:
    Reading(io::FileSystem& files, std::string path, std::string tenant)
        : files_(files), path_(std::move(path)), tenant_(std::move(tenant)) {}

    Status run() {
        const std::string dir =
            absl::StrCat(tenants_dir(path_), "/", bucket::escape_key_part(tenant_));
        LOGI_ASSIGN_OR_RETURN(snapshot_, read_snapshot(files_, dir));
        hiding_.rules = deletes_.of(snapshot_)->pending;
        LOGI_RETURN_IF_ERROR(open_segments());
        LOGI_RETURN_IF_ERROR(read_journals());
        // What was flushed meanwhile is in neither.
        LOGI_ASSIGN_OR_RETURN(const auto after, read_snapshot(files_, dir));
        return after.number == snapshot_.number
                   ? absl::OkStatus()
                   : absl::UnavailableError("the folder changes too fast");
    }

    OpenedData take() { return std::move(out_); }

  private:
    void cover(Timestamp first, Timestamp last) {
        const bool is_first = out_.sources.empty();
        out_.first = is_first ? first : std::min(out_.first, first);
        out_.last = is_first ? last : std::max(out_.last, last);
    }

    Status open_segments() {
        for (const catalog::SegmentInfo& info : snapshot_.segments) {
            auto segment =
                open_segment_file(files_, absl::StrCat(bucket_dir(path_), "/", info.key));
            if (absl::IsNotFound(segment.status())) {
                return segment.status();  // it may have been merged
            }
            if (!segment.ok()) {
                out_.missing.push_back(absl::StrCat(
                    "segment ", info.key, " cannot be read: ", segment.status().message()));
                continue;
            }
            for (const block::BlockStats& stats : (*segment)->blocks()) {
                cover(stats.min_time, stats.max_time);
            }
            out_.sources.push_back(exec::visible(*std::move(segment), hiding_));
        }
        return absl::OkStatus();
    }

    Status read_journals() {
        LOGI_ASSIGN_OR_RETURN(const auto journals, open_journals(files_, path_));
        for (const OpenJournal& journal : journals) {
            if (journal.reader == nullptr) {
                out_.missing.push_back(
                    absl::StrCat("journal ", journal.id, " cannot be read: its header is damaged"));
            } else if (!snapshot_.holds(journal.id, UINT64_MAX)) {
                LOGI_RETURN_IF_ERROR(read_journal(journal.id, *journal.reader));
            }
        }
        return absl::OkStatus();
    }

    Status read_journal(std::uint64_t id, journal::JournalReader& reader) {
        head::Generation generation(id, 0);
        LOGI_RETURN_IF_ERROR(for_each_record(
            reader, [&](std::uint64_t position, const ingest::DecodedRecord& record) {
                if (record.tenant == tenant_ && position > snapshot_.position(id)) {
                    std::uint32_t index = 0;
                    for (const auto& stream : record.streams) {
                        generation.append(
                            stream.labels, stream.id, stream.entries, position, index);
                        index += static_cast<std::uint32_t>(stream.entries.size());
                    }
                }
            }));
        if (reader.damaged_bytes() > 0) {
            out_.missing.push_back(absl::StrCat("journal ",
                                                id,
                                                " is damaged at byte ",
                                                reader.damage_offset(),
                                                ": some of its entries are missing"));
        }
        const auto view = generation.view();
        if (view->blocks().empty()) {
            return absl::OkStatus();
        }
        for (const block::BlockStats& stats : view->blocks()) {
            cover(stats.min_time, stats.max_time);
        }
        out_.sources.push_back(exec::visible(view, hiding_));
        return absl::OkStatus();
    }

    io::FileSystem& files_;
    const std::string path_;
    const std::string tenant_;
    catalog::Snapshot snapshot_;
    ingest::DeleteRules deletes_;
    exec::Hiding hiding_;
    OpenedData out_;
};

// Also those that have nothing in segments yet.
StatusOr<std::set<std::string>> tenants_of(io::FileSystem& files, const std::string& path) {
    std::set<std::string> tenants;
    LOGI_ASSIGN_OR_RETURN(const auto folders, list_if_there(files, tenants_dir(path)));
    for (const std::string& folder : folders) {
        if (auto name = bucket::unescape_key_part(folder); name.ok()) {
            tenants.insert(*std::move(name));
        }
    }
    LOGI_ASSIGN_OR_RETURN(const auto journals, open_journals(files, path));
    for (const OpenJournal& journal : journals) {
        if (journal.reader != nullptr) {
            LOGI_RETURN_IF_ERROR(for_each_record(
                *journal.reader, [&](std::uint64_t /*position*/, const auto& record) {
                    tenants.emplace(record.tenant);
                }));
        }
    }
    return tenants;
}

StatusOr<std::string> find_tenant(io::FileSystem& files,
                                  const std::string& path,
                                  const std::string& tenant) {
    LOGI_ASSIGN_OR_RETURN(const auto tenants, tenants_of(files, path));
    if (tenant.empty() && tenants.size() == 1) {
        return *tenants.begin();
    }
    if (tenants.contains(tenant)) {
        return tenant;
    }
    return absl::InvalidArgumentError(absl::StrCat(
        path,
        tenants.empty() ? " has no tenants"
                        : absl::StrCat(tenant.empty() ? " has several tenants; --org-id is one of: "
                                                      : " has no such tenant; --org-id is one of: ",
                                       absl::StrJoin(tenants, ", "))));
}

}  // namespace

bool is_data_folder(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::is_directory(tenants_dir(path), ignored) ||
           (std::filesystem::is_directory(journal_dir(path), ignored) &&
            std::filesystem::is_directory(bucket_dir(path), ignored));
}

StatusOr<OpenedData> open_data_folder(io::FileSystem& files,
                                      const std::string& path,
                                      const std::string& tenant) {
    LOGI_ASSIGN_OR_RETURN(const std::string name, find_tenant(files, path, tenant));
    Status status;
    for (int i = 0; i < kTriesMax; ++i) {
        Reading reading(files, path, name);
        status = reading.run();
        if (status.ok()) {
            return reading.take();
        }
        // Something that was there is merged or flushed now.
        if (!absl::IsNotFound(status) && !absl::IsUnavailable(status)) {
            break;
        }
    }
    return Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

}  // namespace logi::local
