// The target `journal`: entries of the journal of systemd, as they come.
#pragma once

#include "agent/client/label_sets.h"
#include "agent/client/places.h"
#include "agent/repeater.h"
#include "agent/source.h"
#include "agent/systemd/systemd_reader.h"
#include "base/metrics.h"
#include "io/clock.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logi::agent {

// Reads on a thread of its own. What is delivered is a cursor of the journal, saved among the
// positions; a restart goes on behind it, and what is read again has the same times.
class SystemdSource final : public Source {
  public:
    struct Deps {
        Feed::Deps feed;
        const io::Clock& clock;
        io::Executor& executor;
        io::Strand& strand;
        base::Registry& metrics;
        Duration retry_pause;  // before a journal that cannot be read is tried again
    };
    // `scrape` has a journal. `saved` are the positions of an earlier run. kUnavailable if the
    // system has no more descriptors.
    static StatusOr<std::unique_ptr<SystemdSource>> make(const Deps& deps,
                                                         const ScrapeConfig& scrape,
                                                         const Positions& saved);
    ~SystemdSource() override;

    void observe(Pipeline::Observer observer) { feed_.observe(std::move(observer)); }
    void start() override;
    void read_on() override;
    void stop() override;
    void join() override;
    [[nodiscard]] std::vector<FileStatus> status() const override;
    void add_positions(Positions& positions) const override;

  private:
    struct Batch {
        std::vector<SystemdEntry> entries;
        Status status;  // why there are no more
    };
    SystemdSource(const Deps& deps, const ScrapeConfig& scrape, const Positions& saved, int wake);

    // On the thread.
    Batch read_batch();
    Status open_reader();
    void seek_saved(Timestamp oldest);

    // On the strand.
    void take(Batch batch);
    void take_entries();
    Duration take_entry(const SystemdEntry& entry);
    std::optional<std::vector<LabelPair>> labels_of(const SystemdEntry& entry);
    void refuse(const std::string& why, std::uint64_t position);

    const Deps deps_;
    const ScrapeConfig& scrape_;
    const std::string position_key_;
    std::vector<LabelPair> own_labels_;
    const int wake_;  // an eventfd that ends waiting
    std::atomic<bool> stopped_ = false;

    std::unique_ptr<SystemdReader> reader_;  // on the thread only, as is:
    std::string read_cursor_;                // of the entry that was read last
    bool reopened_ = false;

    Feed feed_;
    LabelSets label_sets_;
    Repeater release_;
    std::string saved_cursor_;    // by the run before
    Places<std::string> places_;  // cursors
    Batch batch_;
    std::size_t next_ = 0;  // of batch_
    bool reading_ = false;  // until all of a batch is taken
    std::string last_error_;
    base::Counter lines_;
    // Last, as what runs on it uses the others.
    std::unique_ptr<io::ThreadPool> thread_;
};

}  // namespace logi::agent
