// What brings entries and is no file: a journal of systemd, a listener, the output of containers.
#pragma once

#include "agent/files/file_targets.h"
#include "agent/positions/positions_file.h"

#include <vector>

namespace logi::agent {

// On one strand, but join().
class Source {
  public:
    virtual ~Source() = default;
    virtual void start() = 0;
    // There is room for more again.
    virtual void read_on() {}
    // Nothing is read any more.
    virtual void stop() = 0;
    // After stop(), off the strand: waits for threads of its own.
    virtual void join() {}
    // What it reads from, for /targets.
    [[nodiscard]] virtual std::vector<FileStatus> status() const = 0;
    // Removes what Positions name of its kind that is not there any more; before add_positions() of
    // all sources.
    virtual void clear_positions(Positions& positions) const { (void)positions; }
    // Adds how far it is delivered, of what can be read again.
    virtual void add_positions(Positions& positions) const { (void)positions; }
};

}  // namespace logi::agent
