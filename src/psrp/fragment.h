// Packet fragments (MS-PSRP 2.2.4): messages cut for a carrier that takes pieces of a bounded size, and put together
// again.
#pragma once

#include "base/bytes.h"

#include <winrm/result.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace winrm::psrp {

/// ObjectId, FragmentId, flags, BlobLength.
inline constexpr std::size_t fragment_header_size = 21;
/// The largest Blob that the specification allows. PowerShell and pypsrp send larger ones over WS-Man, so that reading
/// is bounded by fragment_limits instead (doc/PROTOCOL.md).
inline constexpr std::size_t largest_blob = 32'768;

struct fragment
{
    std::uint64_t object_id = 0;
    std::uint64_t fragment_id = 0;
    bool start = false, end = false;
    base::bytes_view blob; ///< lives as long as the bytes it was read from
};

/// Appends the fragment as it goes over the wire.
void write_fragment(const fragment& f, base::bytes& out);
/// Reads the fragment at the front of `bytes`; it takes fragment_header_size + blob.size() of them.
/// @return nullopt: not all of it is there yet. @errors protocol: a Blob longer than `blob_limit`
[[nodiscard]] result<std::optional<fragment>> read_fragment(base::bytes_view bytes, std::size_t blob_limit);

/// Cuts messages into fragments, in order, and fills pieces with them. One for each stream of a pool or pipeline: a
/// message is finished before the next one begins.
class fragmenter
{
public:
    /// ObjectIds are of the whole pool: hand each message the next number.
    void push(std::uint64_t object_id, base::bytes message);
    [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }
    /// Octets of messages that no piece has taken yet.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// ObjectId of the message that the next fragment is of. Precondition: not empty
    [[nodiscard]] std::uint64_t front() const noexcept { return waiting_.front().object_id; }

    /// The next whole fragments, as many as fit in `piece_size` octets (at least 22; each Blob at most largest_blob).
    /// "" when there are none.
    [[nodiscard]] base::bytes take(std::size_t piece_size);
    /// The same, but of the first message only: MS-PSRP 3.1.5.3.3, a Command holds only CREATE_PIPELINE.
    [[nodiscard]] base::bytes take_of_one(std::size_t piece_size);
    void clear();
    /// What `first` still has goes before what waits here.
    void put_before(fragmenter first);

private:
    struct entry
    {
        std::uint64_t object_id;
        base::bytes message;
        std::size_t taken = 0;
        std::uint64_t next_fragment = 0;
    };
    bool take_fragment(std::size_t room, base::bytes& out);

    std::deque<entry> waiting_;
    std::size_t size_ = 0;
};

struct fragment_limits
{
    std::size_t blob = 1024 * 1024;           ///< of one fragment, in octets
    std::size_t message = 1024 * 1024 * 1024; ///< of one message put together, in octets
};

/// Puts messages together from fragments, which may come in pieces of any size. One for each stream of a pool or
/// pipeline. After an error it takes nothing more.
class defragmenter
{
public:
    explicit defragmenter(fragment_limits limits = {});

    /// @errors protocol: a fragment that is not the next one of its message, a message within a message, an ObjectId
    ///         that a finished message had, a length beyond the bounds. too_large: the message is.
    result<void> push(base::bytes_view bytes);
    /// The next whole message.
    [[nodiscard]] std::optional<base::bytes> poll();
    /// Nothing is begun: an end of the stream here loses nothing.
    [[nodiscard]] bool at_border() const noexcept { return pending_.empty() && !building_; }
    /// Octets kept at the moment.
    [[nodiscard]] std::size_t size() const noexcept { return pending_.size() + message_.size(); }

private:
    result<void> take(const fragment& f);
    result<void> refuse(error why);

    fragment_limits limits_;
    base::bytes pending_; // of a fragment that is not complete
    base::bytes message_;
    std::uint64_t object_id_ = 0;
    std::uint64_t next_fragment_ = 0;
    bool building_ = false;
    std::deque<std::uint64_t> finished_; // the last few ObjectIds
    std::deque<base::bytes> ready_;
    std::optional<error> failure_;
};

} // namespace winrm::psrp
