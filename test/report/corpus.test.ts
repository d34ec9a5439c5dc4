// What is checked against the whole corpus, in one file: loading all targets and replaying it is what takes time.
import './flow.suite.ts';
import './html.suite.ts';
import './mail.suite.ts';
import './relevance.suite.ts';
