/** The README in `crashes/`: what is there, and the commands for it. */
export function crashesReadme(root: string, command: string): string {
  const folder = `'${root}/crashes/<folder>'`;
  return `Findings of the campaign that was started by

    ${command}

Each finding is a folder, named id:<number>,sig:<hash of the signature>,<where it came from>,<oracle>,<design>:

    found.yaml      the case as found
    minimized.yaml  the smallest case with the same signature (comes a little later)
    report.txt      the report with the diagram, for a mail
    seen.json       how often it was seen, first and last

Two findings are the same if oracle, conflicting sites and kind of object are (the "signature" in the case file).

To run a case again and see whether its verdict is as expected, with the diagram:

    pagestorm replay --diagram ${folder}/minimized.yaml

with every access:

    pagestorm replay --trace ${folder}/minimized.yaml

To minimise a case (again, with a larger budget):

    pagestorm minimize --execs 5M -o smaller.yaml ${folder}/found.yaml

To report: mail report.txt with minimized.yaml in the text. The report holds no paths of your machine; whoever has the
same version of pagestorm replays the case to the letter. A finding is about the protocol as the model writes it, under
the memory model that the case names: compare the model with the kernel source before you mail.

To go on with the campaign:

    pagestorm fuzz --resume '${root}'
`;
}
