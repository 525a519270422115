// What a segment's directory is made of, decompressed: bytes that somebody made up are refused, or
// read within bounds, and what is read comes back when it is written again. The first byte of the
// input is the kind, the second a number that the page's place would tell.
#include "segment/old_directory.h"
#include "segment/postings_page.h"
#include "segment/root.h"
#include "segment/statistics_page.h"
#include "segment/stream_page.h"

#include <cstdlib>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace logi;
using namespace logi::segment;

void must(bool holds) {
    if (!holds) {
        std::abort();
    }
}

base::Buffer buffer(std::string_view raw) {
    return base::Buffer::copy_of(raw);
}

// Labels, matchers and places; extents may be in blocks that their page's root has not.
void look_at(const StreamPage& page, std::size_t blocks) {
    const auto matcher = Matcher::make("app", MatchOp::kRegex, "a.*");
    must(matcher.ok() && page.matching({*matcher}).size() == page.ids.size());
    for (std::uint32_t i = 0; i < page.ids.size(); ++i) {
        (void)page.labels(page.first_stream + i);
    }
    for (const StreamExtent& e : page.extents) {
        must(page.has(e.stream) && e.block < blocks);
    }
}

void read_streams(std::string_view raw, std::uint32_t number) {
    constexpr std::uint32_t kFirstStream = 7;
    const std::size_t blocks = 1 + number / 16;
    const auto page = decode_streams(buffer(raw), kFirstStream, number % 16, blocks);
    if (!page.ok()) {
        return;
    }
    look_at(**page, blocks);
    for (std::size_t i = 0; i < (*page)->extents.size(); ++i) {
        must((*page)->place((*page)->extents[i].stream, (*page)->extents[i].block) == i);
    }
}

void read_postings(std::string_view raw, std::uint32_t streams) {
    const auto page = decode_postings(buffer(raw), streams);
    if (!page.ok()) {
        return;
    }
    const std::string again = encode_postings((*page)->postings);
    const auto same = decode_postings(buffer(again), streams);
    must(same.ok() && (*same)->postings == (*page)->postings);
    std::vector<bool> marked(streams);
    (*page)->mark(*Matcher::make("app", MatchOp::kRegex, ".*"), marked);
    (*page)->mark(*Matcher::make("app", MatchOp::kEqual, "a"), marked);
}

void read_root(std::string_view raw, std::uint32_t number) {
    const std::uint64_t end = std::uint64_t{number} << 10U;
    const auto root = decode_root(raw, end);
    if (!root.ok()) {
        return;
    }
    const auto same = decode_root(encode_root(*root), end);
    must(same.ok() && same->blocks == root->blocks && same->streams == root->streams);
    if (root->streams > 0) {
        must(root->page_of(root->streams - 1) == root->stream_pages.size() - 1);
    }
}

void read_counts(std::string_view raw, std::uint32_t number) {
    constexpr std::int64_t kHourNs = 3'600'000'000'000;
    std::vector<StreamExtent> extents;
    for (std::uint32_t i = 0; i < number % 8; ++i) {
        extents.push_back({0, i, number + i, {i * kHourNs}, {(i + 3) * kHourNs}, 1000, 100});
    }
    const auto counts = decode_counts(raw, extents, number / 8);
    if (!counts.ok()) {
        return;
    }
    std::vector<const ExtentCounts*> all;
    for (const ExtentCounts& extent : *counts) {
        all.push_back(&extent);
    }
    const auto same = decode_counts(encode_counts(all), extents, number / 8);
    must(same.ok() && *same == *counts);
}

void read_old_directory(std::string_view raw, std::uint32_t number) {
    if (const auto old = decode_old_directory(buffer(raw), 1 + number % 6); old.ok()) {
        look_at(*old->streams, old->root.blocks.size());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::uint32_t number = data[1];
    const std::string_view raw(reinterpret_cast<const char*>(data) + 2, size - 2);
    switch (data[0]) {
        case 's':
            read_streams(raw, number);
            break;
        case 'p':
            read_postings(raw, number);
            break;
        case 'r':
            read_root(raw, number);
            break;
        case 'c':
            read_counts(raw, number);
            break;
        case 'h':
            (void)decode_head(raw, number);
            break;
        case 'o':
            read_old_directory(raw, number);
            break;
        default:
            break;
    }
    return 0;
}
