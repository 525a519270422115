#include "api/stats_json.h"

#include "absl/strings/str_cat.h"

#include <array>

namespace logi::api {
namespace {

// Blocks of segments stand for chunks of the store, blocks of the head for those of ingesters.
std::string store_stats(const exec::ReadCounts& segments,
                        const exec::ReadCounts& head,
                        std::uint64_t duplicates) {
    const std::uint64_t blocks = segments.blocks + head.blocks;
    std::string out = absl::StrCat("{\"totalChunksRef\":",
                                   blocks,
                                   ",\"totalChunksDownloaded\":",
                                   blocks,
                                   ",\"chunksDownloadTime\":0,"
                                   "\"queryReferencedStructuredMetadata\":false,"
                                   "\"queryUsedV2Engine\":false,\"chunk\":{\"headChunkBytes\":",
                                   head.line_bytes,
                                   ",\"headChunkLines\":",
                                   head.lines,
                                   ",\"decompressedBytes\":",
                                   segments.line_bytes,
                                   ",\"decompressedLines\":",
                                   segments.lines,
                                   ",\"compressedBytes\":",
                                   segments.stored_bytes);
    absl::StrAppend(&out,
                    ",\"totalDuplicates\":",
                    duplicates,
                    ",\"postFilterLines\":",
                    segments.passed_lines + head.passed_lines,
                    ",\"headChunkStructuredMetadataBytes\":",
                    head.metadata_bytes,
                    ",\"decompressedStructuredMetadataBytes\":",
                    segments.metadata_bytes,
                    "},\"chunkRefsFetchTime\":0,\"congestionControlLatency\":0,"
                    "\"pipelineWrapperFilteredLines\":0,\"dataobj\":{"
                    "\"prePredicateDecompressedRows\":0,\"prePredicateDecompressedBytes\":0,"
                    "\"prePredicateDecompressedStructuredMetadataBytes\":0,"
                    "\"postPredicateRows\":0,\"postPredicateDecompressedBytes\":0,"
                    "\"postPredicateStructuredMetadataBytes\":0,\"postFilterRows\":0,"
                    "\"pagesScanned\":0,\"pagesDownloaded\":0,\"pagesDownloadedBytes\":0,"
                    "\"pageBatches\":0,\"totalRowsAvailable\":0,\"totalPageDownloadTime\":0}}");
    return out;
}

std::string summary(const exec::ReadCounts& all, std::size_t returned, double seconds) {
    const double time = std::max(seconds, 1e-9);
    const auto per_second = [time](std::uint64_t n) {
        return static_cast<std::uint64_t>(static_cast<double>(n) / time);
    };
    return absl::StrCat("{\"bytesProcessedPerSecond\":",
                        per_second(all.line_bytes),
                        ",\"linesProcessedPerSecond\":",
                        per_second(all.lines),
                        ",\"totalBytesProcessed\":",
                        all.line_bytes,
                        ",\"totalLinesProcessed\":",
                        all.lines,
                        ",\"execTime\":",
                        seconds,
                        ",\"queueTime\":0,\"subqueries\":0,\"totalEntriesReturned\":",
                        returned,
                        ",\"splits\":0,\"shards\":0,\"totalPostFilterLines\":",
                        all.passed_lines,
                        ",\"totalStructuredMetadataBytesProcessed\":",
                        all.metadata_bytes,
                        "}");
}

std::string caches() {
    constexpr std::array<const char*, 8> kCaches = {"chunk",
                                                    "index",
                                                    "result",
                                                    "statsResult",
                                                    "volumeResult",
                                                    "seriesResult",
                                                    "labelResult",
                                                    "instantMetricResult"};
    std::string out = "{";
    for (const char* cache : kCaches) {
        absl::StrAppend(
            &out,
            out.size() == 1 ? "" : ",",
            "\"",
            cache,
            "\":{\"entriesFound\":0,\"entriesRequested\":0,\"entriesStored\":0,\"bytesReceived\":0,"
            "\"bytesSent\":0,\"requests\":0,\"downloadTime\":0,\"queryLengthServed\":0}");
    }
    return absl::StrCat(out, "}");
}

}  // namespace

std::string stats_json(const exec::ScanStats& stats, std::size_t returned, double seconds) {
    exec::ReadCounts all = stats.segments;
    all += stats.head;
    return absl::StrCat("{\"summary\":",
                        summary(all, returned, seconds),
                        ",\"querier\":{\"store\":",
                        store_stats(stats.segments, {}, stats.duplicates),
                        ",\"querierExecTime\":",
                        seconds,
                        "},\"ingester\":{\"totalReached\":",
                        stats.head.blocks > 0 ? 1 : 0,
                        ",\"totalChunksMatched\":",
                        stats.head.blocks,
                        ",\"totalBatches\":0,\"totalLinesSent\":",
                        stats.head.passed_lines,
                        ",\"store\":",
                        store_stats({}, stats.head, 0),
                        "},\"cache\":",
                        caches(),
                        ",\"index\":{\"totalChunks\":",
                        stats.blocks_found,
                        ",\"postFilterChunks\":",
                        all.blocks,
                        ",\"shardsDuration\":0,\"usedBloomFilters\":false,\"totalStreams\":0,"
                        "\"chunkRefsLookupTime\":0,\"bloomFilterTime\":0}}");
}

}  // namespace logi::api
