// bench_corpus: writes a corpus as plain lines and as push bodies.
#include "corpus.h"

#include "base/hash.h"
#include "bodies.h"
#include "random.h"
#include "text.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>

namespace logi::bench {
namespace {

struct Options {
    std::string kind = "cloud";
    std::uint64_t seed = 1;
    std::uint64_t skip_mb = 0;
    std::uint64_t mb = 64;
    std::uint64_t batch_kb = 1024;
    std::string out = "corpus";
};

// Writes what comes after the skipped part to the files.
class Files final : public Sink {
  public:
    explicit Files(const Options& options)
        : skip_bytes_(options.skip_mb << 20U),
          end_bytes_(skip_bytes_ + (options.mb << 20U)),
          lines_(options.out + ".lines", std::ios::binary),
          bodies_(options.out + ".bodies", std::ios::binary),
          writer_(options.batch_kb << 10U,
                  [this](std::uint32_t node, std::string_view body, const auto& lines) {
                      put(node, body, lines);
                  }) {}

    void stream(std::uint32_t number, std::string_view labels, std::uint32_t node) override {
        writer_.stream(number, labels, node);
        used_.push_back(false);
    }
    void entry(std::uint32_t stream, std::int64_t time_ns, std::string_view line) override {
        // A line belongs to where it begins, so that parts of a corpus do not share any.
        const std::uint64_t begin = std::exchange(seen_bytes_, seen_bytes_ + line.size());
        if (begin < skip_bytes_ || begin >= end_bytes_) {
            return;
        }
        streams_ += used_[stream] ? 0U : 1U;
        used_[stream] = true;
        first_ns_ = std::min(first_ns_, time_ns);
        last_ns_ = std::max(last_ns_, time_ns);
        hash_ = base::hash64(line, hash_ + static_cast<std::uint64_t>(time_ns) + stream);
        bytes_ += line.size();
        ++entries_;
        writer_.entry(stream, time_ns, line);
    }
    bool finish() {
        writer_.finish();
        lines_.flush();
        bodies_.flush();
        return lines_.good() && bodies_.good();
    }

    [[nodiscard]] bool full() const { return seen_bytes_ >= end_bytes_; }
    [[nodiscard]] bool half_full() const { return seen_bytes_ > (skip_bytes_ + end_bytes_) / 2; }
    // What the driver needs to know, as JSON.
    [[nodiscard]] std::string facts() const {
        std::string out;
        Text(out) << "\"lines\": " << entries_ << ", \"bytes\": " << bytes_
                  << ", \"streams\": " << streams_ << ", \"bodies\": " << bodies_written_
                  << ", \"body_bytes\": " << body_bytes_ << ", \"first_ns\": " << first_ns_
                  << ", \"last_ns\": " << last_ns_ << ", \"hash\": \"";
        Text(out).hex(hash_, 16) << "\"";
        return out;
    }

  private:
    void put(std::uint32_t node, std::string_view body, const std::vector<std::string>& lines) {
        const auto length = static_cast<std::uint32_t>(body.size());
        bodies_.write(reinterpret_cast<const char*>(&node), sizeof(node));
        bodies_.write(reinterpret_cast<const char*>(&length), sizeof(length));
        bodies_.write(body.data(), static_cast<std::streamsize>(body.size()));
        ++bodies_written_;
        body_bytes_ += body.size();
        for (const auto& line : lines) {
            lines_.write(line.data(), static_cast<std::streamsize>(line.size()));
            lines_.put('\n');
        }
    }

    const std::uint64_t skip_bytes_;
    const std::uint64_t end_bytes_;
    std::ofstream lines_;
    std::ofstream bodies_;
    BodyWriter writer_;
    std::vector<bool> used_;
    std::uint64_t seen_bytes_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t entries_ = 0;
    std::uint64_t streams_ = 0;
    std::uint64_t bodies_written_ = 0;
    std::uint64_t body_bytes_ = 0;
    std::int64_t first_ns_ = INT64_MAX;
    std::int64_t last_ns_ = 0;
    std::uint64_t hash_ = 0;
};

// A text of the same shape that no line has: one of another seed.
std::string absent_text(const std::string& rare) {
    Random random(0xAB5E);
    std::string out;
    for (const char c : rare) {
        const std::uint64_t digit = random.below(16);
        out.push_back(c >= 'A' && c <= 'F'   ? "0123456789ABCDEF"[digit]
                      : c >= 'a' && c <= 'f' ? "0123456789abcdef"[digit]
                                             : static_cast<char>('0' + digit % 10));
    }
    return out;
}

int run(const Options& options) {
    auto corpus = options.kind == "cloud"    ? make_cloud(options.seed)
                  : options.kind == "syslog" ? make_syslog(options.seed)
                                             : make_mix(options.seed);
    Files files(options);
    std::string rare;
    while (!files.full()) {
        corpus->next(files);
        if (rare.empty() && files.half_full()) {
            rare = corpus->rare_text();
        }
    }
    if (!files.finish()) {
        std::fprintf(stderr, "bench_corpus: cannot write %s.*\n", options.out.c_str());
        return 1;
    }
    std::printf("{\"kind\": \"%s\", \"seed\": %llu, %s, \"rare\": \"%s\", \"absent\": \"%s\"}\n",
                options.kind.c_str(),
                static_cast<unsigned long long>(options.seed),
                files.facts().c_str(),
                rare.c_str(),
                absent_text(rare).c_str());
    return 0;
}

}  // namespace
}  // namespace logi::bench

int main(int argc, char** argv) {
    CLI::App app("Writes a corpus: NAME.lines and NAME.bodies; facts about it to stdout, as JSON");
    logi::bench::Options options;
    app.add_option("--kind", options.kind)->check(CLI::IsMember({"cloud", "syslog", "mix"}));
    app.add_option("--seed", options.seed);
    app.add_option("--mb", options.mb, "mebibytes of lines");
    app.add_option("--skip-mb", options.skip_mb, "leave out that much of the beginning");
    app.add_option("--batch-kb", options.batch_kb, "kibibytes of lines in a push body");
    app.add_option("--out", options.out, "NAME");
    CLI11_PARSE(app, argc, argv);
    return logi::bench::run(options);
}
