// What is in journals, asked of the processes that write them (ingest/writer_heads.h): calls
// between processes.
#pragma once

#include "ingest/head_messages.h"
#include "ingest/store.h"
#include "io/clock.h"
#include "server/peers.h"

namespace logi::server {

// Asks all members that write, but this one, whose `own` heads it takes as they are. Waits two
// seconds at most; who does not answer is not asked again for ten. To be called from tasks of
// post_long(): it waits for those of post(). Empty where this process calls nobody. All must
// outlive what it returns.
ingest::AskWriters ask_peers(Peers& peers, const ingest::Store& own, const io::Clock& clock);

// Has what others ask answered. Before they are served; both must outlive the table's calls.
void serve_heads(net::CallTable& table, const ingest::Store& store);

}  // namespace logi::server
