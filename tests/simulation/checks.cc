// What has to hold of a simulated cluster: what queries find, and what is left when all is at rest.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "ingest/segment_cache.h"
#include "journal/registry.h"
#include "process.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace logi::simulation {
Status read_lines(const segment::Source& source, std::vector<std::string>& lines) {
    LOGI_ASSIGN_OR_RETURN(const auto all, source.select_all());
    std::set<std::uint32_t> blocks;
    for (const auto& extent : all.extents()) {
        blocks.insert(extent.block);
    }
    for (const std::uint32_t b : blocks) {
        LOGI_ASSIGN_OR_RETURN(const auto block, all.open_block(b));
        for (std::uint32_t row = 0; row < block->stats().rows; ++row) {
            LOGI_ASSIGN_OR_RETURN(const auto line, block->line(row));
            lines.emplace_back(line);
        }
    }
    return absl::OkStatus();
}

void World::query() {
    if (Process* process = pick(choice_.below(4) == 0 ? Role::kWriter : Role::kReader)) {
        query(*process, kTenants[choice_.below(kTenants.size())], false);
    }
}

void World::query(Process& process, const std::string& name, bool must_be_complete) {
    const Expected expected = expected_of(tenants_[name]);
    process.busy = true;
    querying_ = true;  // for less than the grace
    const ingest::Pinned pinned =
        process.store->pin(name, {Timestamp::min(), Timestamp::max()}, {});
    std::vector<std::string> found;
    bool complete = pinned.missing.empty();
    for (const auto& source : pinned.sources) {
        if (const Status status = read_lines(*source, found); !status.ok()) {
            complete = false;
            if (status.code() == absl::StatusCode::kNotFound) {
                wrong(absl::StrCat("what a query reads is gone: ", status.ToString()));
            }
        }
    }
    process.busy = false;
    querying_ = false;
    for (const auto& missing : pinned.missing) {
        // What is not the network's fault.
        const bool gone = absl::StrContains(missing, ".segment") &&
                          !absl::StrContains(missing, "the network has lost it");
        if (gone || must_be_complete) {
            wrong(absl::StrCat("an answer lacks something: ", missing));
        }
    }
    ++counts_.queries;
    counts_.complete += complete ? 1U : 0U;
    counts_.rows += complete ? found.size() : 0U;
    check(name, found, expected, complete);
}

World::Expected World::expected_of(const Tenant& tenant) const {
    Expected expected;
    for (const auto& [line, known] : tenant.lines) {
        if (known.state == Line::State::kAcknowledged) {
            expected.lines.insert(line);
        } else if (known.state == Line::State::kUnsure && known.acknowledged) {
            expected.unsure.insert(line);
        }
    }
    return expected;
}

void World::check_found(Tenant& tenant, const std::string& line) {
    const auto it = tenant.lines.find(line);
    if (it == tenant.lines.end()) {
        wrong(absl::StrCat("nobody has sent this: ", line));
        return;
    }
    Line& known = it->second;
    if (known.state == Line::State::kDeleted) {
        wrong(absl::StrCat("deleted and found: ", line));
    }
    if (known.state == Line::State::kUnsure) {
        if (known.there == false) {
            wrong(absl::StrCat("was not there and came back: ", line));
        }
        known.there = true;
    }
}

void World::check(const std::string& tenant,
                  const std::vector<std::string>& found,
                  const Expected& expected,
                  bool complete) {
    watched_ = tenant;
    Tenant& of = tenants_[tenant];
    std::set<std::string> once;
    for (const auto& line : found) {
        if (!once.insert(line).second) {
            wrong(absl::StrCat("found twice: ", line));
        }
        check_found(of, line);
    }
    if (!complete) {
        return;
    }
    for (const auto& line : expected.lines) {
        if (!once.contains(line)) {
            wrong(absl::StrCat("acknowledged and not found: ", line));
        }
    }
    for (const auto& line : expected.unsure) {
        Line& known = of.lines[line];
        if (!once.contains(line) && known.there == true) {
            wrong(absl::StrCat("was there and is gone: ", line));
        }
        known.there = once.contains(line);
    }
}

void World::wrong(const std::string& what) {
    if (fault_.empty()) {
        fault_ = what;
        if (std::getenv("LOGI_TRACE") != nullptr) {
            print_bucket(what.substr(what.rfind(" line ") + 1));
        }
    }
}

// What there is of a line: for who looks for a mistake.
void World::print_bucket(const std::string& line) {
    const auto journals = memory_.list(journal::kJournalsFolder);
    for (const auto& info : *journals) {
        const auto object = journal::decode_object(*memory_.get(info.key));
        std::string tenants;
        for (const auto& [tenant, records] : object->tenants) {
            absl::StrAppend(&tenants, " ", tenant);
            for (const auto& record : records.records) {
                if (absl::StrContains(std::string(record.payload), line)) {
                    absl::StrAppend(&tenants, " HAS IT at ", record.index);
                }
            }
        }
        std::fprintf(
            stderr, "%s %s%s\n", info.key.c_str(), object->seal ? "seal" : "", tenants.c_str());
    }
    const auto registered = memory_.list(journal::kRegistryFolder);
    for (const auto& info : *registered) {
        std::fprintf(stderr, "%s %s\n", info.key.c_str(), memory_.get(info.key)->c_str());
    }
    const std::string name = line.empty() ? kTenants[0] : watched_;
    auto catalog = catalog::Catalog::open_shared(memory_, clock_, choice_, name, {});
    for (const auto& segment : (*catalog)->snapshot()->segments) {
        const auto source = ingest::open_segment(memory_, segment, nullptr);
        std::vector<std::string> lines;
        read_lines(**source, lines).IgnoreError();
        for (const auto& one : lines) {
            if (absl::StrContains(one, line)) {
                std::fprintf(stderr, "%s HAS IT\n", segment.key.c_str());
            }
        }
    }
    std::fprintf(stderr, "%s snapshot %lu\n", name.c_str(), (*catalog)->snapshot()->number);
    for (const auto& [journal, position] : (*catalog)->snapshot()->positions) {
        std::fprintf(stderr,
                     "  journal %lu object %lu record %lu\n",
                     journal,
                     journal::object_of(position),
                     position % (journal::kRecordsPerObjectMax + 1));
    }
    for (const auto& process : processes_) {
        std::fprintf(
            stderr, "%s role %d\n", process->name.c_str(), static_cast<int>(process->role));
    }
}

void World::check_at_rest() {
    for (int i = 0; i < 4; ++i) {
        if (Process* reader = pick(Role::kReader)) {
            query(*reader, kTenants[choice_.below(kTenants.size())], true);
        }
    }
    start(Role::kReader);
    for (const auto& name : kTenants) {
        query(*processes_.back(), name, true);
    }
    // Only those who live have journals, and everything that a snapshot names is there.
    const auto journals = journal::registered_journals(memory_);
    for (const std::uint64_t journal : *journals) {
        const auto writer = journal::writer_of(memory_, journal);
        const bool lives =
            std::any_of(processes_.begin(), processes_.end(), [&](const auto& process) {
                return process->name == *writer;
            });
        if (!lives) {
            wrong(absl::StrCat("the journal of a dead writer is left: ", journal));
        }
    }
    for (const auto& name : kTenants) {
        check_catalog(name);
    }
}

// Everything that a snapshot names is there, and nothing that was deleted.
void World::check_catalog(const std::string& tenant) {
    const auto catalog = catalog::Catalog::open_shared(memory_, clock_, choice_, tenant, {});
    if (!catalog.ok()) {
        wrong(catalog.status().ToString());
        return;
    }
    const auto snapshot = (*catalog)->snapshot();
    for (const auto& request : snapshot->deletes) {
        if (request.pending()) {
            wrong(absl::StrCat("a request to delete does not end: ", request.query));
        }
    }
    for (const auto& segment : snapshot->segments) {
        if (!memory_.size(segment.key).ok()) {
            wrong(absl::StrCat("a segment that lives is gone: ", segment.key));
            continue;
        }
        const auto source = ingest::open_segment(memory_, segment, nullptr);
        std::vector<std::string> lines;
        read_lines(**source, lines).IgnoreError();
        for (const auto& line : lines) {
            if (tenants_[tenant].lines[line].state == Line::State::kDeleted) {
                wrong(absl::StrCat("deleted and still stored: ", line));
            }
        }
    }
    const auto journals = journal::registered_journals(memory_);
    for (const auto& [journal, position] : snapshot->positions) {
        if (!std::binary_search(journals->begin(), journals->end(), journal)) {
            wrong(absl::StrCat("a journal that is gone is remembered: ", journal));
        }
    }
    counts_.dropped += snapshot->dropped_on > 0 ? 1U : 0U;
}

}  // namespace logi::simulation
