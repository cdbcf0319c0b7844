import type { Tracker } from '../io/ports.ts';
import { completeIssue, incompleteIssue, newsFor, tellComplete, tellIncomplete, tellNews } from '../report/issue.ts';
import { isComplete, type Survey } from '../report/survey.ts';

/**
 * Brings the archive's issue up to date. It is opened once something is missing, rewritten as long as that is so, and closed
 * when nothing is. A comment, which is what people are notified of, is made when it opens again, when something else is
 * missing than before, and when it closes; before the issue is rewritten, so that none is lost.
 * @returns the number of the issue, where it is open
 */
export async function track(tracker: Tracker, survey: Survey): Promise<number | undefined> {
  const issue = await tracker.find();
  if (isComplete(survey)) {
    if (issue?.isOpen) {
      await tracker.comment(issue.number, tellComplete(survey));
      await tracker.update(issue.number, completeIssue(survey), false);
    }
    return undefined;
  }
  if (issue === undefined) return tracker.open(incompleteIssue(survey));
  const news = newsFor(survey, issue.body);
  if (!issue.isOpen) await tracker.comment(issue.number, tellIncomplete(survey));
  else if (!isComplete(news)) await tracker.comment(issue.number, tellNews(news));
  await tracker.update(issue.number, incompleteIssue(survey), true);
  return issue.number;
}
