using InverseScope.Agent.Chat;

namespace InverseScope.Agent.Budgets;

/// <summary>
/// A chat that asks only what its budget allows. One message is set aside for each question; what repetitions take beyond
/// it is counted after, so that the last question may go beyond the limit by as much. Several of them may stand in each other,
/// e.g. of a site within a sweep.
/// </summary>
public sealed class BudgetedChat(IChat inner, Budget budget) : IChat
{
    public ChatModel Model => inner.Model;

    public async Task<ChatReply> AskAsync(ChatRequest request, CancellationToken cancel)
    {
        using var reservation = budget.TryReserve(
            new BudgetCost(request.EstimatedPromptTokens + request.MaxReplyTokens, Calls: 1), out var stop);
        if (reservation is null)
        {
            return new ChatReply
            {
                Outcome = ChatOutcome.OutOfBudget,
                Problem = stop!.Message,
                Model = Model,
                RequestHash = request.HashFor(Model),
            };
        }

        var reply = await inner.AskAsync(request, cancel);
        reservation.Settle(new BudgetCost(reply.PromptTokens + reply.ReplyTokens, reply.Attempts.Count));
        return reply;
    }
}
