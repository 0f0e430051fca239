// PSRP bytes as a peer would send them, for tests of what carries them.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <string>

namespace winrm::psrp::test {

inline void put_big_endian(std::string& out, std::uint64_t value, int octets)
{
    for (int i = octets; i-- > 0;) out += static_cast<char>(value >> (8 * i) & 0xffU);
}

inline std::string fragment(std::uint64_t object, std::uint64_t id, unsigned flags, base::bytes_view blob)
{
    std::string out;
    put_big_endian(out, object, 8);
    put_big_endian(out, id, 8);
    out += static_cast<char>(flags);
    put_big_endian(out, blob.size(), 4);
    out += blob;
    return out;
}

/// Header of 40 octets and data.
inline std::string message(std::uint32_t type, base::bytes_view data)
{
    std::string out(4, '\1');
    for (int i = 0; i < 4; ++i) out += static_cast<char>(type >> (8 * i) & 0xffU);
    return out.append(32, '\7').append(data);
}

/// The message in fragments of `piece` octets.
inline std::string fragments(std::uint64_t object, base::bytes_view whole, std::size_t piece)
{
    std::string out;
    for (std::size_t at = 0, id = 0; at < whole.size(); at += piece, ++id)
        out +=
            fragment(object, id, (at == 0 ? 1U : 0U) | (at + piece >= whole.size() ? 2U : 0U), whole.substr(at, piece));
    return out;
}

inline std::string pipeline_state(int state, std::uint64_t object = 9)
{
    return fragments(object,
                     message(0x41006, "\xef\xbb\xbf<Obj RefId=\"0\"><MS><I32 N=\"PipelineState\">" +
                                          std::to_string(state) + "</I32></MS></Obj>"),
                     32768);
}

inline std::string pool_state(int state, std::uint64_t object = 9)
{
    return fragments(object,
                     message(0x21005, "\xef\xbb\xbf<Obj RefId=\"0\"><MS><I32 N=\"RunspaceState\">" +
                                          std::to_string(state) + "</I32></MS></Obj>"),
                     32768);
}

} // namespace winrm::psrp::test
