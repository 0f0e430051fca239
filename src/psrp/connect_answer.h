// What a second client of a runspace pool is answered when it connects (MS-PSRP 3.2.5.3.7): PowerShell's own server
// over stdio has no such routine, but all that goes into the answer has passed by before. Pure.
#pragma once

#include "base/bytes.h"
#include "base/uuid.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace winrm::psrp {

/// A message of whole fragments, with what of its header matters here.
struct collected_message
{
    std::uint32_t type = 0;
    base::bytes pool; ///< RPID, 16 octets
    base::bytes data;
};

/// All messages of a buffer that begins with one. @return nullopt: it holds something else, or a part of one
[[nodiscard]] std::optional<std::vector<collected_message>> collect_messages(base::bytes_view fragments);

/// Remembers of a pool what a second client is told: its id, its size, the server's capabilities and its private data.
class pool_memory
{
public:
    /// What the first client sent with Create.
    void created(base::bytes_view fragments);
    /// The pool's output from its beginning on; looked at until the private data have come, 256 KiB at most.
    void output(base::bytes_view fragments);

    struct reply
    {
        base::bytes answer; ///< SESSION_CAPABILITY and RUNSPACEPOOL_INIT_DATA
        base::bytes later; ///< on the pool's stream: APPLICATION_PRIVATE_DATA, and RUNSPACEPOOL_STATE Opened as Windows
                           ///< sends it
    };
    /// @param request  what came with Connect: SESSION_CAPABILITY and CONNECT_RUNSPACEPOOL of this pool
    /// @return nullopt: it is something else, or the pool was never opened
    [[nodiscard]] std::optional<reply> connect(base::bytes_view request) const;

private:
    base::bytes pool_, capability_, private_data_;
    std::int32_t least_ = 1, most_ = 1;
    base::bytes early_;
    bool settled_ = false;
};

} // namespace winrm::psrp
