#include "client/load/manual.h"

#include "client/cli/manual.h"
#include "client/cpp/client.h"
#include "client/load/load_options.h"

namespace lqvg::load {

manual::Program DescribeLqvgLoad() {
  manual::Program program{
      .name = "lqvg-load",
      .summary = "puts an lqvg-serve server under load and says what it stood",
      .version = client::Version(),
      .synopses = {"--rate R[,R...] [OPTION...]", "--concurrency N[,N...] [OPTION...]", "--replay FILE [OPTION...]",
                   "--rate R --expression TEXT PICTURE..."},
      .description =
          "Sends calls to a server, lqvg-server(1), and tells goodput, latency, statuses and how many answers were "
          "right.\n\n"
          "An open loop (--rate, --replay) sends by a clock, whatever comes back; latency counts from when a call was "
          "due, so a server that stalls is charged for every call that it kept waiting. A closed loop (--concurrency) "
          "keeps so many callers that each wait for their answer. Goodput is calls answered OK by their deadline.\n\n"
          "Pictures are made-up scenes whose right answers are known, unless files are named. Where the tool itself "
          "may "
          "be what was measured, it says so.",
      .about_options = "Options stand anywhere between the operands; behind -- everything is an operand.",
      .groups = {{.title = "Options", .options = cli::ForManual(LoadOptionTable())}},
      .sections = {{"EXIT STATUS",
                    {{"0", "Measured."},
                     {"1", "Nothing was answered, or an answer belonged to another call."},
                     {"2", "Wrong command line, or a file cannot be read or written."},
                     {"4", "The server was not reached."}}}},
      .examples = {{"Sixteen callers for ten seconds:", "lqvg-load --concurrency 16"},
                   {"A curve of goodput and latency over the load:",
                    "lqvg-load --rate 5,10,20,40,80 --timeout 2s --plot load.svg"},
                   {"Triton, by the Open Inference Protocol:",
                    "lqvg-load --server triton:8001 --protocol oip --model lqvg --concurrency 16"}},
      .see_also = "lqvg-server(1), lqvg(1)"};
  return program;
}

}  // namespace lqvg::load
